"""The settings of the service, each with its unit and its reason."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    SecretStr,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.adapters.access.lockouts import LockoutTerms
from app.adapters.database.logins import API, WORKER, as_role
from app.adapters.erasure.overwriting import OVERWRITE_PAUSE
from app.domain.access.day_limits import DayLimits
from app.domain.calendar.clock import Clock
from app.domain.calendar.period import Period
from app.domain.erasure.objections import OVERWRITE_WITHIN
from app.domain.erasure.requests import OBJECTION_PERIOD
from app.domain.erasure.retention import FIVE_YEARS, NINETY_DAYS, ONE_YEAR, Periods
from app.domain.webhooks.addresses import Reach

JAPAN = timezone(timedelta(hours=9), "JST")


def _plain_postgres(url: SecretStr) -> SecretStr:
    plain = url.get_secret_value().replace("postgresql+asyncpg://", "postgresql://", 1)
    if not plain.startswith(("postgresql://", "postgres://")):
        # The value is not repeated: there is a password in it.
        raise ValueError("must be of the form postgresql://user:password@host:port/database")
    return SecretStr(plain)


def _reach_text(text: str) -> str:
    Reach.read(text)
    return text


def _plain_proxy(url: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(url.get_secret_value())
        good = parts.scheme == "http" and parts.hostname and parts.port
    except ValueError:
        good = None
    if not good:
        # The value is not repeated: there may be a password in it.
        raise ValueError("must be of the form http://host:port or http://user:password@host:port")
    return url


ReachText = Annotated[str, AfterValidator(_reach_text)]
ProxyUrl = Annotated[SecretStr, AfterValidator(_plain_proxy)]
PostgresUrl = Annotated[SecretStr, AfterValidator(_plain_postgres)]


def _period(value: object) -> object:
    return Period.read(value) if isinstance(value, str) else value


Duration = Annotated[
    Period,
    BeforeValidator(_period),
    PlainSerializer(str, return_type=str),
]
"""Years, months and days, as the calendar has them."""


class Settings(BaseSettings):
    """Read from the environment as `TSUNAGU_<NAME>`. Everything has a default."""

    model_config = SettingsConfigDict(
        env_prefix="TSUNAGU_", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    host: str = "127.0.0.1"
    """The address to listen on. Only this machine, unless it is said otherwise."""

    port: int = Field(default=8080, ge=0, le=65535)
    """The TCP port to listen on; 0 takes a free one."""

    data_dir: Path = Path(".tsunagu")
    """The folder for keys, credentials and the embedded database. Back it up; keep it private."""

    key_service: str | None = Field(default=None, pattern=r"^unix:/.+$")
    """Where another process keeps the master keys: `unix:/path/to/socket` (docs/en/keys.md). When
    missing: the key folder, in this process. Without an answer from there, nothing is sealed and
    nothing opened (503)."""

    backup_age: timedelta = Field(default=timedelta(days=35), ge=timedelta(0))
    """How old a backup of the database gets before it is destroyed. Until then it may hold what
    was erased, or lies under a master key that is no longer used."""

    database_url: PostgresUrl | None = None
    """`postgresql://…` of a server of yours, as the owner of the tables. When it is set, no
    PostgreSQL is started and no demo clients are made."""

    api_database_url: PostgresUrl | None = None
    """The login of the API's role, which owns nothing. When missing: `database_url`, taking on the
    role tsunagu_api. A login of its own is safer: the owner's password then stays elsewhere."""

    worker_database_url: PostgresUrl | None = None
    """The login of the worker's role. When missing: `database_url`, as tsunagu_worker."""

    issuer: str | None = None
    """The URL under which callers know the service: `iss` of its tokens. When missing: the
    listening address, which is only right without a proxy in between."""

    audience: str | None = None
    """`aud` of the tokens. When missing: the issuer."""

    access_token_lifetime: timedelta = Field(
        default=timedelta(minutes=10), gt=timedelta(0), le=timedelta(hours=1)
    )
    """How long an access token is good for. Short, since a stolen one is good until
    somebody ends it (docs/en/access.md)."""

    rate_limit: int = Field(default=6_000, ge=0)
    """Calls that one client may make in a minute, all at once if it likes, in each API process. 0:
    as many as it likes. Far above what a system needs that polls with `wait`."""

    stranger_rate_limit: int = Field(default=600, ge=0)
    """Calls without a good token from one address that are answered in a minute; beyond, 429."""

    stranger_byte_limit: int = Field(default=64 * 1024 * 1024, ge=0)
    """Bytes that answers to one address may hold in a minute without a valid token; beyond, 429.
    The contract is a tenth of a megabyte, compressed."""

    token_rate_limit: int = Field(default=120, ge=0)
    """Calls of the token endpoint in a minute by one client from one address; an address alone may
    make ten times as many. A token is good for ten minutes: who asks for each call is mistaken."""

    messages_per_referral: int = Field(default=2_000, ge=0)
    """Messages that one party may send in a referral; beyond, 409. 0: as many as it likes. What
    ends or suspends something may be sent twice as often. It concerns nobody but that party."""

    messages_per_day: int = Field(default=500, ge=0)
    """The same for one day (in Japan); beyond, 429 until the day is over."""

    clients_per_agency: int = Field(default=50, ge=0)
    """Clients of one agency that are enabled at a time, so that what each may call and how many
    tokens it may have has an end. 0: as many as it likes."""

    sent_per_day: int = Field(default=10_000, ge=0)
    """Messages that one agency may send on a day in all its referrals; beyond, 429. What ends or
    suspends something may be sent twice as often. 0: as many as it likes."""

    referrals_per_day: int = Field(default=1_000, ge=0)
    """Referrals that one agency may open on a day (in Japan), on paper too; beyond, 429 until the
    day is over. 0: as many as it likes."""

    referrals_to_one_per_day: int = Field(default=200, ge=0)
    """Of these, referrals to one other agency, whose inbox nobody else must be able to fill."""

    openings_per_day: int = Field(default=20_000, ge=0)
    """Messages that one agency may open again on a day; beyond, 429. Each opening is an entry of
    the log, which is never erased. What arrived is opened for the first time in any case."""

    refusals_per_day: int = Field(default=10_000, ge=0)
    """Messages of one agency that may be refused or rehearsed on a day; beyond, 429."""

    exports_per_day: int = Field(default=1_000, ge=0)
    """Bundles and sheets for one agency on a day; beyond, 429."""

    changes_per_day: int = Field(default=1_000, ge=0)
    """What else one agency has written to the log on a day: changes of webhooks, acts, holds."""

    lockout_failures: int = Field(default=10, ge=0)
    """Wrong secrets for one client from one address within `lockout_window` that lock: no secret
    for it from there is looked at for a minute, then two, four … 0: nobody is locked out."""

    lockout_window: timedelta = Field(default=timedelta(minutes=10), gt=timedelta(0))
    """How long a wrong secret counts; and how long an agency that was told of a lock hears of no
    other one for the same client."""

    lockout_longest: timedelta = Field(default=timedelta(minutes=15), gt=timedelta(0))
    """The longest lock. A day without any, and the next one is a minute again."""

    trusted_proxies: str | None = None
    """Addresses and networks of proxies, with commas, whose `X-Forwarded-For` is believed; `*` for
    any. Without it the address of a caller is that of the proxy, and all callers share limits."""

    max_connections: int = Field(default=4_096, ge=16)
    """Connections of one API process. The process needs as many open files, and 256 more; it raises
    its limit to the most that it may have."""

    address_connections: int = Field(default=512, ge=1)
    """Connections from one address, but for trusted proxies, to one API process. Beyond that the
    one makes room that has waited longest without sending a whole request."""

    metrics_token: SecretStr | None = None
    """What `/metrics` wants as `Authorization: Bearer …`. When missing, `/metrics` is not there."""

    api_pool_size: int = Field(default=4, ge=1)
    """Database connections of one API process. Two for each core of the database server are enough:
    measured, 10 on 2 cores cost PostgreSQL a tenth more CPU for each message."""

    worker_pool_size: int = Field(default=4, ge=1)
    """Database connections of one worker process."""

    pool_timeout: timedelta = Field(default=timedelta(seconds=10), gt=timedelta(0))
    """How long the database may take for one statement before a request is refused (503)."""

    workers: int = Field(default=1, ge=1, le=64)
    """API processes, all on one port. About one for each core that PostgreSQL leaves free."""

    clock: timedelta | AwareDatetime | None = None
    """Development and sandbox only. Where the service's clock stands when it starts: an instant
    (`2026-04-01T09:00:00+09:00`) or a distance from the real time (`P3D`, `-PT2H`). It then runs
    on at the usual speed."""

    max_body: int = Field(default=256 * 1024, ge=1024)
    """Bytes of a request body. The largest message is a tenth of this."""

    long_poll_limit: timedelta = Field(
        default=timedelta(seconds=30), ge=timedelta(0), le=timedelta(seconds=55)
    )
    """The longest `wait` of an inbox poll. Below the minute after which proxies hang up."""

    webhook_loopback: bool = False
    """Development only: webhooks may be http, and lead to this machine."""

    webhook_authorities: Path | None = None
    """A file of certificates (PEM) to trust in webhooks, besides those that this machine trusts."""

    webhook_networks: ReachText | None = None
    """Private networks (`10.20.0.0/16`) and host names (`hooks.example.lg.jp`, `*.example.lg.jp`),
    with commas, that webhooks may lead to besides public addresses. This machine, its links,
    multicast and the metadata services of clouds are never reached."""

    webhook_proxy: ProxyUrl | None = None
    """`http://host:port` of a proxy through which all notices leave, by CONNECT, with
    `user:password@` if it asks for them. It looks up names, and decides what they may lead to."""

    webhook_client_certificate: Path | None = None
    """A file (PEM) with our certificate, and the chain above it, for receivers that ask for one."""

    webhook_client_certificate_key: Path | None = None
    """The file (PEM) of its private key, without a passphrase. When missing: the certificate's."""

    webhook_window: int = Field(default=16, ge=1, le=256)
    """Deliveries under way at one healthy endpoint, for each worker process. A failing endpoint
    gets one at a time from all of them."""

    log_origin: str | None = Field(default=None, pattern=r"^[^\s+]{1,255}$")
    """The name of the log in its checkpoints and keys. It is kept for ever from the first start on.
    When missing then: the issuer without `https://`, and `/log`."""

    seal_within: timedelta = Field(default=timedelta(hours=1), ge=timedelta(minutes=1))
    """By when an entry of the log is to be sealed; receipts promise it. The worker seals each
    second; this is how long it may be away."""

    shutdown_grace: timedelta = Field(default=timedelta(seconds=5), gt=timedelta(0))
    """How long a stopping process lets running requests finish."""

    retention_case_closed: Duration = FIVE_YEARS
    """How long what was accepted is kept after the last referral of its case has ended. Five years
    is what evidence for subsidies is commonly kept; a prefecture may set its own."""

    retention_never_accepted: Duration = ONE_YEAR
    """How long a referral is kept that ended before anybody accepted it."""

    retention_cleared: Duration = NINETY_DAYS
    """How long criminal data (C4) is kept after the notice of 無罪 or 嫌疑なし."""

    retention_ledger: Duration = ONE_YEAR
    """How much longer than the referral the record of its consents (no body) is kept."""

    erasure_objection_period: timedelta = Field(
        default=OBJECTION_PERIOD, ge=timedelta(days=7), le=timedelta(days=180)
    )
    """How long the other agencies that hold copies may object, before two seats of one agency have
    a referral erased. At least a week, so that nobody misses it over holidays."""

    overwrite_within: timedelta = Field(default=OVERWRITE_WITHIN, ge=timedelta(minutes=10))
    """How long after an erasure the files of the database may hold traces of the keys. The worker
    begins after half of it, so that it can try again."""

    overwrite_pause: timedelta = Field(
        default=OVERWRITE_PAUSE, ge=timedelta(milliseconds=300), le=timedelta(minutes=1)
    )
    """How long requests may have to wait for a table that the worker writes anew. Beyond 1.2
    seconds some of them are answered 503; a table of a million keys needs more."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least grave thing that is logged."""

    @property
    def url(self) -> str:
        """The listening address as a URL that works on this machine."""
        return f"http://{_reachable_host(self.host)}:{self.port}"

    @property
    def issuer_url(self) -> str:
        """`issuer`, or its default."""
        return (self.issuer or self.url).rstrip("/")

    @property
    def audience_url(self) -> str:
        """`audience`, or its default."""
        return self.audience or self.issuer_url

    @property
    def log_name(self) -> str:
        """The name that the log gets at its first start if `log_origin` is missing."""
        return f"{self.issuer_url.partition('://')[2]}/log"

    @property
    def day_limits(self) -> DayLimits:
        """How much one agency may do on a day."""
        return DayLimits(
            openings=self.openings_per_day,
            refusals=self.refusals_per_day,
            exports=self.exports_per_day,
            changes=self.changes_per_day,
            sent=self.sent_per_day,
            referrals=self.referrals_per_day,
            referrals_to_one=self.referrals_to_one_per_day,
        )

    @property
    def limits(self) -> Mapping[str, int]:
        """What the database holds one agency to; a limit that is not there is none."""
        clients = {"clients": self.clients_per_agency} if self.clients_per_agency else {}
        return {**self.day_limits.by_name(), **clients}

    @property
    def lockout_terms(self) -> LockoutTerms:
        """The three settings of lockouts."""
        return LockoutTerms(self.lockout_failures, self.lockout_window, self.lockout_longest)

    @property
    def metrics_secret(self) -> str | None:
        """`metrics_token` as text."""
        return _secret_value(self.metrics_token)

    @property
    def webhook_reach(self) -> Reach:
        """`webhook_networks` and `webhook_loopback`."""
        return Reach.read(self.webhook_networks or "", loopback=self.webhook_loopback)

    @property
    def webhook_proxy_url(self) -> str | None:
        """`webhook_proxy` as text."""
        return _secret_value(self.webhook_proxy)

    @property
    def owner_url(self) -> str | None:
        """How the owner of the tables logs in to your own server; None when there is none."""
        return _secret_value(self.database_url)

    @property
    def api_url(self) -> str | None:
        """How the API logs in."""
        return _secret_value(self.api_database_url) or _as_role(self.owner_url, API)

    @property
    def worker_url(self) -> str | None:
        """How the worker logs in."""
        return _secret_value(self.worker_database_url) or _as_role(self.owner_url, WORKER)

    @property
    def key_backup_age(self) -> timedelta:
        """How long after an erasure a backup may hold the key: one of files has its traces, too."""
        return self.overwrite_within + self.backup_age

    @property
    def periods(self) -> Periods:
        """How long each rule of retention waits."""
        return Periods(
            self.retention_case_closed,
            self.retention_never_accepted,
            self.retention_cleared,
            self.retention_ledger,
        )

    def clock_offset(self) -> timedelta:
        """How far the service's clock is ahead of the real one, from now on."""
        if isinstance(self.clock, datetime):
            return self.clock - datetime.now(JAPAN)
        return self.clock or timedelta(0)

    def running_clock(self) -> Clock:
        """The service's clock: aware, in Japan's time, in whole milliseconds as on the wire."""
        offset = self.clock_offset()

        def now() -> datetime:
            at = datetime.now(JAPAN) + offset
            return at.replace(microsecond=at.microsecond // 1000 * 1000)

        return now


def _secret_value(url: SecretStr | None) -> str | None:
    return url.get_secret_value() if url is not None else None


def _as_role(url: str | None, role: str) -> str | None:
    return as_role(url, role) if url is not None else None


def _reachable_host(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if address.version == 6:
        return "[::1]" if address.is_unspecified else f"[{host}]"
    return "127.0.0.1" if address.is_unspecified else host
