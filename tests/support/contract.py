"""The published contract, made once for all tests that read it."""

from typing import Any

from app.main import create_app
from app.settings import Settings

CONTRACT: dict[str, Any] = create_app(Settings()).openapi()
