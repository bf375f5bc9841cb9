"""DPoP proofs (RFC 9449): that whoever presents a token holds the key that it is bound to."""

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
"""How long after its `iat` a proof is accepted."""

_TYP = "dpop+jwt"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proof:
    """A valid proof: by which key, and what to remember to refuse a replay."""

    jkt: str
    """RFC 7638 thumbprint of the key."""
    jti: str
    until: datetime
    """Until when the `jti` has to be remembered."""


def read_proof(
    sent: Sequence[str], method: str, url: str, now: datetime, token: str | None = None
) -> Proof:
    """Verify the proof for a request of `method` to `url`, with `token` if it carries one.

    Args:
        sent: every `DPoP` header of the request; there has to be exactly one.

    Raises:
        NotGenuine: there is none, or it is for another request, another token or another time.
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
    return Proof(key.kid, _text(claims, "jti"), _check_age(claims, now))


async def is_replay(ledger: AssertionLedger, proof: Proof, now: datetime) -> bool:
    """Remember a proof for all processes, and say whether it was used before."""
    # No client id has a colon, so a proof and a client assertion never share a key.
    return not await ledger.first_use(f"dpop:{proof.jkt}", proof.jti, proof.until, now)


class Proofs:
    """Checks the DPoP proofs of requests."""

    def __init__(self, ledger: AssertionLedger, issuer: str, clock: Clock) -> None:
        self._ledger = ledger
        self._issuer = issuer
        self._clock = clock

    def for_token(self, sent: Sequence[str], method: str, path: str) -> Proof | None:
        """The proof by whose key a new token is to be bound; None if none was sent.

        The caller has to refuse a replay.

        Raises:
            NotGenuine: it is not valid.
        """
        if not sent:
            return None
        return read_proof(sent, method, self._issuer + path, self._clock())

    def for_call(
        self, sent: Sequence[str], method: str, path: str, token: str, jkt: str | None
    ) -> Proof:
        """The proof that a request with a token bound to the key `jkt` has, in memory alone.

        The caller has to `use` it, once the call is counted.

        Raises:
            NotAuthenticated: the token is bound to no key.
            BadProof: there is no proof, or it is not valid.
        """
        if jkt is None:
            raise NotAuthenticated
        now = self._clock()
        try:
            proof = read_proof(sent, method, self._issuer + path, now, token)
        except NotGenuine as error:
            raise BadProof from error
        if not hmac.compare_digest(proof.jkt, jkt):
            raise BadProof
        return proof

    async def use(self, proof: Proof) -> None:
        """Remember a proof for all processes.

        Raises:
            BadProof: it was used before.
        """
        if await is_replay(self._ledger, proof, self._clock()):
            raise BadProof


def _check_call(claims: Mapping[str, object], method: str, url: str) -> None:
    if text(claims, "htm") != method or _normalize_url(text(claims, "htu")) != _normalize_url(url):
        raise NotGenuine("made for another call")


def _normalize_url(url: str) -> tuple[str, str | None, int | None, str]:
    """Scheme, host, port and path of `url`, for comparison (RFC 9449 §4.3): without query and
    fragment, the default port filled in, scheme and host in lower case."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError as error:
        raise NotGenuine("htu is no URL") from error
    return parts.scheme, parts.hostname, port, parts.path or "/"


def _check_age(claims: Mapping[str, object], now: datetime) -> datetime:
    """Check `iat`, and give the time until when the `jti` has to be remembered."""
    issued, seconds = moment(claims, "iat"), now.timestamp()
    if not seconds - PROOF_LIFE.total_seconds() < issued <= seconds + SKEW.total_seconds():
        raise NotGenuine("made too early, or in the future")
    # Remembered for longer: another process, whose clock is behind, accepts it a little later.
    return datetime.fromtimestamp(issued, UTC) + PROOF_LIFE + SKEW


def _text(claims: Mapping[str, object], name: str) -> str:
    value = text(claims, name)
    if len(value) > 256 or not value.isascii():
        raise NotGenuine(f"{name} is too long, or no plain text")
    return value


def _hash(token: str) -> str:
    digest = hashlib.sha256(token.encode(errors="replace")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
