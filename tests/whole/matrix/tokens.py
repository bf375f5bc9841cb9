"""Tokens of every kind that must not be believed, and the good ones beside them."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from app.adapters.keys.folder import KeyFolder
from app.auth.receipts import ReceiptSigner
from app.auth.scopes import CLASSES
from app.auth.signing_keys import SigningKeys
from app.auth.tokens import TokenIssuer, TokenTerms
from app.domain.access.caller import Caller
from tests.whole.matrix.agreed import ROLES

Mint = Callable[[Caller], str | None]


@dataclass(frozen=True)
class Mints:
    """Makes tokens with the service's own key and terms, and with others."""

    keys: SigningKeys
    terms: TokenTerms
    now: datetime
    folder: Path = field(repr=False)
    """An empty one, for the keys of somebody else."""

    def good(self, caller: Caller) -> str:
        """A token as the service gives it."""
        return self._issued(caller)

    def refused(self) -> Mapping[str, Mint]:
        """By name: what has to be answered with 401, made for any caller."""
        elsewhere = KeyFolder(self.folder)
        elsewhere.prepare(self.now)
        forger = TokenIssuer(SigningKeys(elsewhere), self.terms)
        bound = TokenIssuer(self.keys, self.terms)
        hour = timedelta(hours=1)
        return {
            "no token": lambda _: None,
            "not a token": lambda _: "opensesame",
            "expired": lambda c: self._issued(c, self.now - hour),
            "not yet good": lambda c: self._issued(c, self.now + hour),
            "wrong audience": lambda c: self._issued(c, audience="https://another.test"),
            "wrong issuer": lambda c: self._issued(c, issuer="https://another.test"),
            "signed by another": lambda c: forger.issue(c, self.now).token,
            "not signed": lambda c: _unsigned(self._issued(c)),
            "changed": lambda c: _changed(self._issued(c)),
            "bound to a key": lambda c: bound.issue(c, self.now, jkt="0" * 43).token,
            "a receipt": lambda c: self._receipt(c),
        }

    def _issued(self, caller: Caller, at: datetime | None = None, **terms: str) -> str:
        issuer = TokenIssuer(self.keys, replace(self.terms, **terms))  # type: ignore[arg-type]
        return issuer.issue(caller, at or self.now).token

    def _receipt(self, caller: Caller) -> str:
        claims = self._issued(caller).split(".")[1]
        return ReceiptSigner(self.keys, lambda: self.now).sign(_decoded(claims))


def caller(agency: str, role: str, client: str | None = None, seat: str | None = None) -> Caller:
    """Whoever sits in an agency's seat of this role, with all that its role holds."""
    return Caller(
        client_id=client or f"{agency}.{role}-system",
        agency_id=agency,
        seat_id=seat or f"{agency}.{role}",
        role=role,
        scopes=ROLES[role],
        classes=CLASSES[role],
        decides=role == "decider",
    )


def without(who: Caller, scope: str) -> Caller:
    """The same caller with a token that was asked for without this scope."""
    left = who.scopes - {scope}
    return replace(who, scopes=left, decides=who.decides and "referral:decide" in left)


def _unsigned(token: str) -> str:
    head, claims, _ = token.split(".")
    none = {**json.loads(_decoded(head)), "alg": "none"}
    return f"{_encoded(none)}.{claims}."


def _changed(token: str) -> str:
    """More scopes than were signed for."""
    head, claims, signature = token.split(".")
    every = {
        **json.loads(_decoded(claims)),
        "scope": " ".join(sorted(set().union(*ROLES.values()))),
    }
    return f"{head}.{_encoded(every)}.{signature}"


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
