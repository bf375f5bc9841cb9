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
        return self._issue(caller)

    def invalid(self) -> Mapping[str, Mint]:
        """By name: what has to be answered with 401, made for any caller."""
        elsewhere = KeyFolder(self.folder)
        elsewhere.prepare(self.now)
        forger = TokenIssuer(SigningKeys(elsewhere), self.terms)
        bound = TokenIssuer(self.keys, self.terms)
        hour = timedelta(hours=1)
        return {
            "no token": lambda _: None,
            "not a token": lambda _: "opensesame",
            "expired": lambda c: self._issue(c, self.now - hour),
            "not yet good": lambda c: self._issue(c, self.now + hour),
            "wrong audience": lambda c: self._issue(c, audience="https://another.test"),
            "wrong issuer": lambda c: self._issue(c, issuer="https://another.test"),
            "signed by another": lambda c: forger.issue(c, self.now).token,
            "not signed": lambda c: _remove_signature(self._issue(c)),
            "changed": lambda c: _add_scopes(self._issue(c)),
            "bound to a key": lambda c: bound.issue(c, self.now, jkt="0" * 43).token,
            "a receipt": lambda c: self._receipt(c),
        }

    def _issue(self, caller: Caller, at: datetime | None = None, **terms: str) -> str:
        issuer = TokenIssuer(self.keys, replace(self.terms, **terms))  # type: ignore[arg-type]
        return issuer.issue(caller, at or self.now).token

    def _receipt(self, caller: Caller) -> str:
        claims = self._issue(caller).split(".")[1]
        return ReceiptSigner(self.keys, lambda: self.now).sign(_decode(claims))


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


def _remove_signature(token: str) -> str:
    head, claims, _ = token.split(".")
    none = {**json.loads(_decode(head)), "alg": "none"}
    return f"{_encode(none)}.{claims}."


def _add_scopes(token: str) -> str:
    """More scopes than were signed for."""
    head, claims, signature = token.split(".")
    every = {
        **json.loads(_decode(claims)),
        "scope": " ".join(sorted(set().union(*ROLES.values()))),
    }
    return f"{head}.{_encode(every)}.{signature}"


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encode(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
