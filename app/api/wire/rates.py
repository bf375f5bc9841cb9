"""Rate limits: calls are counted in the memory of each process, by the library `limits`.

The calls of a minute may come all at once. A call over the limit is refused with the time to wait.
"""

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from app.domain.errors import TooMany
from app.domain.webhooks.addresses import source_network

GOES_ON = "goes_on"
"""Set in the state of a request that was refused because its caller calls too often."""
_MINUTE = 60
MOST_WINDOWS = 20_000
"""The most windows in memory. Beyond that, the oldest is removed for each new one."""
STRANGERS_AT_ONCE = 16
"""Calls without a token that one address may have under way."""
MILLISECONDS_OF_A_STRANGER = 15_000
"""For how long in a minute the service works for one address without a valid token."""
CLIENTS_OF_AN_AGENCY = 4
"""How many times as many calls all clients of an agency may make together as one of them."""
TOKENS_OF_ONE_ADDRESS = 10
"""How many times as many calls of the token endpoint an address may make as a client."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The most calls per minute; 0 means no limit."""

    of_a_client: int = 0
    of_a_stranger: int = 0
    """Calls without a valid token, from one address."""
    for_tokens: int = 0
    """Calls of the token endpoint, by one client from one address."""
    bytes_of_a_stranger: int = 0
    """What answers to one address hold together, in bytes; 0 means no limit."""


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota: the fields of draft-ietf-httpapi-ratelimit-headers-10."""

    of: bytes
    """`client`; or `agency`, when that is what is used up."""
    most: int
    left: int
    seconds: int
    """Seconds until the quota is full again."""

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """`RateLimit-Policy` and `RateLimit`."""
        return (
            (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (self.of, self.most, _MINUTE)),
            (b"ratelimit", b'"%s";r=%d;t=%d' % (self.of, self.left, self.seconds)),
        )


class Rates:
    """Counts calls and refuses those over the limit. It uses the clock of the machine."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._windows = _Windows(clock)
        self._limiter = FixedWindowRateLimiter(self._windows)
        self._client = _per_minute(rate.of_a_client)
        self._agency = _per_minute(rate.of_a_client * CLIENTS_OF_AN_AGENCY)
        self._stranger = _per_minute(rate.of_a_stranger)
        self._token = _per_minute(rate.for_tokens)
        self._address = _per_minute(rate.for_tokens * TOKENS_OF_ONE_ADDRESS)
        self._bytes = _per_minute(rate.bytes_of_a_stranger)
        self._time = _per_minute(MILLISECONDS_OF_A_STRANGER if rate.of_a_stranger else 0)
        self._under_way: Counter[str] = Counter()

    def count_client(
        self, agency_id: str, client_id: str, further: int | None = None
    ) -> Quota | None:
        """Count a call of a client of an agency, and return its quota; None without a limit.

        Args:
            further: as how many more calls one counts that was counted already. No call is too
                large for a whole quota.

        Raises:
            QuotaUsedUp: the client has no calls left, or its agency has none.
        """
        if self._client is None or self._agency is None:
            return None
        most = self._client.amount
        calls = 1 if further is None else min(further, most - 1)
        within = self._limiter.hit(self._client, client_id, cost=calls)
        quota = self._quota(b"client", self._client, self._client.key_for(client_id))
        if not within:
            raise QuotaUsedUp(quota)
        # As `hit` does, without making the library's key for it: a third of the cost of a call.
        if self._windows.incr(f"agency/{agency_id}", _MINUTE, calls) > self._agency.amount:
            raise QuotaUsedUp(self._quota(b"agency", self._agency, f"agency/{agency_id}"))
        return quota

    def _quota(self, of: bytes, item: RateLimitItem, key: str) -> Quota:
        used, ends = self._windows.of(key)
        return Quota(of, item.amount, max(0, item.amount - used), self._until(ends))

    def count_unauthenticated(self, request: Request) -> None:
        """Count a call without a valid token. Calls with a valid token are not counted here.

        Raises:
            TooMany: too many calls from this address.
        """
        self._count(self._stranger, "stranger", network_of(request))

    def enter_stranger(self, network: str) -> None:
        """Count a call that names nobody, and is under way from now on.

        Raises:
            TooMany: too many calls from this address, too many at once, or too much was answered.
        """
        self.check_stranger(network)
        self._count(self._stranger, "stranger", network)
        if self._stranger is not None and self._under_way[network] >= STRANGERS_AT_ONCE:
            raise TooMany(1)
        self._under_way[network] += 1

    def leave_stranger(self, network: str) -> None:
        """A call that was counted by `enter_stranger` has ended."""
        self._under_way[network] -= 1
        if not self._under_way[network]:
            del self._under_way[network]

    def check_stranger(self, network: str) -> None:
        """Check whether an address may be answered more, without a valid token.

        Raises:
            TooMany: the service has answered too much to it, or worked too long for it.
        """
        for item, name in ((self._bytes, "bytes"), (self._time, "time")):
            key = item.key_for(name, network) if item is not None else ""
            if item is not None and self._windows.used(key) >= item.amount:
                raise TooMany(self._until(self._windows.get_expiry(key)))

    def charge_stranger(self, network: str, sent: int, seconds: float) -> None:
        """Count what an answer without a valid token cost."""
        if self._bytes is not None:
            self._limiter.hit(self._bytes, "bytes", network, cost=sent)
        if self._time is not None:
            self._limiter.hit(self._time, "time", network, cost=math.ceil(1_000 * seconds))

    def count_token_address(self, request: Request) -> None:
        """Count a call of the token endpoint from an address.

        Raises:
            TooMany: too many calls from this address.
        """
        self._count(self._address, "address", network_of(request))

    def count_token_client(self, request: Request, client_id: str) -> None:
        """Count a call of the token endpoint under the client id that it claims.

        Raises:
            TooMany: too many calls from this address for that client id.
        """
        self._count(self._token, "token", network_of(request), client_id)

    def count_guess(self, request: Request, client_id: str) -> None:
        """Count a call as a guess that `count_token_client` counted as the client's own.

        Guesses have a count of their own: whoever calls from the same address, behind the same
        proxy, must not be able to use up what the client itself may call.
        """
        if self._token is not None:
            network = network_of(request)
            self._limiter.hit(self._token, "guess", network, client_id)
            self._limiter.hit(self._token, "token", network, client_id, cost=-1)

    def used_up_by_guesses(self, request: Request, client_id: str) -> TooMany | None:
        """The refusal for guesses, if there were too many for this client from this address."""
        if self._token is None:
            return None
        key = self._token.key_for("guess", network_of(request), client_id)
        if self._windows.used(key) < self._token.amount:
            return None
        return TooMany(self._until(self._windows.get_expiry(key)))

    def _until(self, ends: float) -> int:
        return max(1, math.ceil(ends - self._clock()))

    def _count(self, item: RateLimitItem | None, *who: str) -> None:
        if item is not None and not self._limiter.hit(item, *who):
            _, ends = self._windows.of(item.key_for(*who))
            raise TooMany(self._until(ends))


class QuotaUsedUp(TooMany):
    """A client or its agency has used up its quota."""

    def __init__(self, quota: Quota) -> None:
        super().__init__(quota.seconds)
        self.quota = quota


def network_of(request: Request) -> str:
    """The network that a call comes from; TSUNAGU_TRUSTED_PROXIES decides which header counts."""
    return source_network(request.client.host if request.client else "")


def _per_minute(calls: int) -> RateLimitItem | None:
    return RateLimitItemPerMinute(calls) if calls else None


class _Windows(Storage):
    """Counts in a dictionary. The library's own memory storage starts a thread that removes expired
    windows whenever two calls are ten milliseconds apart: 400 µs of CPU against 1.3 µs here."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[str, list[float]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a window, which begins with its first call."""
        now = self._clock()
        window = self._windows.get(key)
        if window is None or window[1] <= now:
            self._make_room(now)
            self._windows.pop(key, None)
            window = self._windows[key] = [0, now + expiry]
        window[0] += amount
        return int(window[0])

    def of(self, key: str) -> tuple[int, float]:
        """The calls in a window, and when it ends."""
        window = self._windows[key]
        return int(window[0]), window[1]

    def used(self, key: str) -> int:
        """The calls in a window; 0 when it has ended, or has not begun."""
        window = self._windows.get(key)
        return int(window[0]) if window is not None and window[1] > self._clock() else 0

    def get(self, key: str) -> int:
        """The calls in a window."""
        return self.of(key)[0]

    def get_expiry(self, key: str) -> float:
        """When a window ends."""
        return self.of(key)[1]

    def check(self) -> bool:
        """Always true: a dictionary is always available."""
        return True

    def reset(self) -> None:
        """Remove all windows."""
        self._windows.clear()

    def clear(self, key: str) -> None:
        """Remove one window."""
        self._windows.pop(key, None)

    def _make_room(self, now: float) -> None:
        # Windows are in the order in which they began, and so in the order in which they end.
        while self._windows:
            oldest = next(iter(self._windows))
            if self._windows[oldest][1] > now and len(self._windows) < MOST_WINDOWS:
                return
            del self._windows[oldest]
