"""The published contract, made once for all tests of a process."""

from typing import Any

from app.main import create_app
from app.settings import Settings
from tests.api.contract.comparison import resolved

PUBLISHED: dict[str, Any] = create_app(Settings()).openapi()
"""As it is served."""
CONTRACT: dict[str, Any] = resolved(PUBLISHED)
"""The same, with every reference to a response, parameter or example replaced by what it names."""
