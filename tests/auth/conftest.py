"""Keys in a real folder, a clock that the test sets, and an issuer and a reader of tokens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.adapters.keys.folder import KeyFolder
from app.auth.receipts import ReceiptSigner
from app.auth.signing_keys import SigningKeys
from app.auth.tokens import TokenIssuer, TokenReader, TokenTerms
from app.domain.access.caller import Caller
from app.domain.access.clients import LinkedSeat, RegisteredClient

NOW = datetime(2026, 11, 20, 1, 15, tzinfo=UTC)
TERMS = TokenTerms("https://tsunagu.example", "tsunagu")


@dataclass
class Authority:
    """Issues and verifies tokens and receipts, at a time that the test sets."""

    folder: KeyFolder
    path: Path
    now: datetime = NOW
    tick: float = 0.0
    disabled: set[str] = field(default_factory=set)
    stops: int = 0

    def __post_init__(self) -> None:
        self.keys = SigningKeys(self.folder, ticks=lambda: self.tick)
        self.issuer = TokenIssuer(self.keys, TERMS)
        self.reader = TokenReader(self.keys, TERMS, self.is_active, cache_size=3)
        self.receipts = ReceiptSigner(self.keys, lambda: self.now)

    def is_active(self, caller: Caller, jti: str, stops: int) -> bool:
        named = {caller.client_id, caller.seat_id, caller.agency_id, jti}
        return stops >= self.stops and not named & self.disabled

    def advance(self, time: timedelta) -> None:
        """Move the clock, and let the process check its folder."""
        self.now += time
        self.tick += 1.5

    def read(self, token: str) -> Caller:
        return self.reader.caller(token, self.now)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = KeyFolder(tmp_path / "keys")
    folder.prepare(NOW - timedelta(days=1))
    return Authority(folder, tmp_path / "keys")


@pytest.fixture
def caller() -> Caller:
    return Caller(
        client_id="center-13.system",
        agency_id="center-13",
        seat_id="center-13.decider",
        role="decider",
        scopes=frozenset({"referral:read", "referral:decide"}),
        classes=frozenset({"C0", "C1"}),
        decides=True,
    )


@pytest.fixture
def make_client() -> Callable[..., RegisteredClient]:
    def make(**changes: Any) -> RegisteredClient:
        members: dict[str, Any] = {
            "id": "center-13.system",
            "agency_id": "center-13",
            "secret_hash": None,
            "public_jwk": None,
            "disabled": False,
            "agency_disabled": False,
            "seats": (
                LinkedSeat("center-13.old", "decider", frozenset({"C0"}), disabled=True),
                LinkedSeat("center-13.viewer", "viewer", frozenset({"C0", "C1"}), disabled=False),
                LinkedSeat("center-13.decider", "decider", frozenset({"C0"}), disabled=False),
            ),
        }
        return RegisteredClient(**{**members, **changes})

    return make
