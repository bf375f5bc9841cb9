"""The published contract, made once for all tests of a process."""

from typing import Any

from app.api.contract.contract import Contract
from app.main import create_app
from app.settings import Settings
from tests.api.contract.comparison import resolved

BOTH: Contract = create_app(Settings()).state.contract
PUBLISHED: dict[str, Any] = BOTH.document("ja")
"""As it is served."""
ENGLISH: dict[str, Any] = BOTH.document("en")
CONTRACT: dict[str, Any] = resolved(PUBLISHED)
"""The same, with every reference to a response, parameter or example replaced by what it names."""
