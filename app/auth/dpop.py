"""Proofs of possession (RFC 9449): that whoever shows a token also holds the key it is bound to."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from app.auth.jwt import NotGenuine, embedded_key, header, moment, text
from app.auth.tokens import SKEW
from app.domain.access.clients import AssertionLedger
from app.domain.calendar.clock import Clock
from app.domain.errors import BadProof, NotAuthenticated

PROOF_LIFE = timedelta(seconds=60)
"""How long after it was made a proof is taken."""

_TYP = "dpop+jwt"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proof:
    """A genuine proof: by which key, and what to remember so that it is used once."""

    jkt: str
    """RFC 7638 thumbprint of the key."""
    jti: str
    until: datetime


def read_proof(
    sent: Sequence[str], method: str, url: str, now: datetime, token: str | None = None
) -> Proof:
    """The proof for a call of `method` and `url`, and with `token` if one is shown.

    Args:
        sent: every `DPoP` header of the call; there has to be one.

    Raises:
        NotGenuine: there is none, or it is for another call, another token or another time.
    """
    if len(sent) != 1:
        raise NotGenuine("there has to be one proof")
    head = header(sent[0])
    if head.get("typ") != _TYP:
        raise NotGenuine("a token for something else")
    key = embedded_key(head)
    claims = key.claims(sent[0])
    _check_call(claims, method, url)
    if token is not None and not hmac.compare_digest(_text(claims, "ath"), _hash(token)):
        raise NotGenuine("made for another token")
    return Proof(key.kid, _text(claims, "jti"), _remembered_until(claims, now))


async def spent(ledger: AssertionLedger, proof: Proof, now: datetime) -> bool:
    """Take note of a proof in all processes, and say whether it was shown before."""
    # No client has an id with a colon, so proofs and assertions never meet.
    return not await ledger.first_use(f"dpop:{proof.jkt}", proof.jti, proof.until, now)


class Proofs:
    """Checks the proofs of calls with a bound token."""

    def __init__(self, ledger: AssertionLedger, issuer: str, clock: Clock) -> None:
        self._ledger = ledger
        self._issuer = issuer
        self._clock = clock

    def for_token(self, sent: Sequence[str], method: str, path: str) -> Proof | None:
        """The proof by which a new token is to be bound, not yet spent; None if none was sent.

        Raises:
            NotGenuine: it is not one to believe.
        """
        if not sent:
            return None
        return read_proof(sent, method, self._issuer + path, self._clock())

    async def check(
        self, sent: Sequence[str], method: str, path: str, token: str, jkt: str | None
    ) -> None:
        """See that a call with a token that is bound to `jkt` is made by who holds that key.

        Raises:
            NotAuthenticated: the token is bound to no key.
            BadProof: there is no proof, or none to believe, or it was shown before.
        """
        if jkt is None:
            raise NotAuthenticated
        now = self._clock()
        try:
            proof = read_proof(sent, method, self._issuer + path, now, token)
        except NotGenuine as error:
            raise BadProof from error
        if not hmac.compare_digest(proof.jkt, jkt) or await spent(self._ledger, proof, now):
            raise BadProof


def _check_call(claims: Mapping[str, object], method: str, url: str) -> None:
    if text(claims, "htm") != method or _place(text(claims, "htu")) != _place(url):
        raise NotGenuine("made for another call")


def _place(url: str) -> tuple[str, str | None, int | None, str]:
    """What of `url` counts: not query and fragment, nor how scheme, host and port are written."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError as error:
        raise NotGenuine("htu is no URL") from error
    return parts.scheme, parts.hostname, port, parts.path or "/"


def _remembered_until(claims: Mapping[str, object], now: datetime) -> datetime:
    made, second = moment(claims, "iat"), now.timestamp()
    if not second - PROOF_LIFE.total_seconds() < made <= second + SKEW.total_seconds():
        raise NotGenuine("made too early, or in the future")
    # Another process, whose clock is behind, still takes it when ours says that it is too old.
    return datetime.fromtimestamp(made, UTC) + PROOF_LIFE + SKEW


def _text(claims: Mapping[str, object], name: str) -> str:
    found = text(claims, name)
    if len(found) > 256 or not found.isascii():
        raise NotGenuine(f"{name} is too long, or no plain text")
    return found


def _hash(token: str) -> str:
    digest = hashlib.sha256(token.encode(errors="replace")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
