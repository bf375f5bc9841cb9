"""Rows of webhooks, as functions of the database answer them."""

from typing import TypedDict


class WebhookJson(TypedDict):
    """An endpoint of an agency, without its secret."""

    id: str
    url: str
    flows: list[str] | None
    urgencies: list[str] | None
    state: str
    reason: str | None
    created_at: str
    changed_at: str
    seat_id: str
    client_id: str
    failures: int
    failing_since: str | None
    succeeded_at: str | None
    old_secret_until: str | None
    pending: int
    oldest_pending: str | None


class AttemptJson(TypedDict):
    """An attempt to send a notice, and how the notice stands now."""

    notice_id: str
    number: int
    at: str
    outcome: str
    status: int | None
    took_ms: int | None
    answer: str | None
    """The first bytes of the answer, in base64."""
    state: str
    position: int
    referral_id: str | None
    message_id: str | None
    next_at: str | None
