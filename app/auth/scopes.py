"""Scopes of access tokens, and the scopes and data classes of each role."""

from collections.abc import Mapping
from enum import StrEnum

from app.domain.text import Text


class Scope(StrEnum):
    """A scope, as `resource:action`."""

    REFERRAL_READ = "referral:read"
    REFERRAL_WRITE = "referral:write"
    REFERRAL_DECIDE = "referral:decide"
    INBOX_READ = "inbox:read"
    INBOX_ACKNOWLEDGE = "inbox:acknowledge"
    WEBHOOK_MANAGE = "webhook:manage"
    DISCLOSURE_READ = "disclosure:read"
    DISCLOSURE_ANSWER = "disclosure:answer"
    STATISTICS_READ = "statistics:read"
    DIRECTORY_READ = "directory:read"
    LOG_READ = "log:read"
    AGENCY_MANAGE = "agency:manage"
    ACT_TAKE = "act:take"
    SERVICE_OPERATE = "service:operate"


SCOPE_TITLES: Mapping[Scope, Text] = {
    Scope.REFERRAL_READ: Text("案件とその通信文を読む", "Read referrals and their messages"),
    Scope.REFERRAL_WRITE: Text("案件を開き、通信文を送る", "Open referrals and send messages"),
    Scope.REFERRAL_DECIDE: Text(
        "決裁を要する通信文を送る(所長等の席に限る)",
        "Send messages that need a decision (only seats of a director or the like)",
    ),
    Scope.INBOX_READ: Text("受信箱を読む", "Read the inbox"),
    Scope.INBOX_ACKNOWLEDGE: Text("受領を記録する", "Record acknowledgements"),
    Scope.WEBHOOK_MANAGE: Text("到着通知の送り先を管理する", "Manage webhooks"),
    Scope.DISCLOSURE_READ: Text(
        "自機関に関する提供記録を読む", "Read the record of disclosures that concern this agency"
    ),
    Scope.DISCLOSURE_ANSWER: Text(
        "返還・廃棄の求めに答える", "Answer requests to return or destroy information"
    ),
    Scope.STATISTICS_READ: Text("統計を読む", "Read statistics"),
    Scope.DIRECTORY_READ: Text(
        "機関と管轄の一覧を読む", "Read the directory of agencies and areas"
    ),
    Scope.LOG_READ: Text(
        "監査ログの葉・検証点・証明を読む", "Read leaves, checkpoints and proofs of the log"
    ),
    Scope.AGENCY_MANAGE: Text(
        "自機関の席と接続システムを管理する", "Manage this agency's own seats and clients"
    ),
    Scope.ACT_TAKE: Text(
        "二つの席が要る重い行為を、提案または承認する",
        "Propose or approve weighty acts that take two seats",
    ),
    Scope.SERVICE_OPERATE: Text(
        "サービスを運用する(本文は読めない)", "Operate the service (without reading bodies)"
    ),
}

ROLES: Mapping[str, frozenset[Scope]] = {
    "decider": frozenset(
        {
            Scope.REFERRAL_READ,
            Scope.REFERRAL_WRITE,
            Scope.REFERRAL_DECIDE,
            Scope.INBOX_READ,
            Scope.INBOX_ACKNOWLEDGE,
            Scope.WEBHOOK_MANAGE,
            Scope.DISCLOSURE_READ,
            Scope.DISCLOSURE_ANSWER,
            Scope.STATISTICS_READ,
            Scope.ACT_TAKE,
            Scope.DIRECTORY_READ,
        }
    ),
    "case_worker": frozenset(
        {
            Scope.REFERRAL_READ,
            Scope.REFERRAL_WRITE,
            Scope.INBOX_READ,
            Scope.INBOX_ACKNOWLEDGE,
            Scope.DIRECTORY_READ,
        }
    ),
    "viewer": frozenset({Scope.REFERRAL_READ, Scope.INBOX_READ, Scope.DIRECTORY_READ}),
    "records_officer": frozenset(
        {
            Scope.REFERRAL_READ,
            Scope.DISCLOSURE_READ,
            Scope.DISCLOSURE_ANSWER,
            Scope.LOG_READ,
            Scope.WEBHOOK_MANAGE,
            Scope.AGENCY_MANAGE,
            Scope.ACT_TAKE,
            Scope.DIRECTORY_READ,
        }
    ),
    "auditor": frozenset({Scope.LOG_READ, Scope.STATISTICS_READ, Scope.DIRECTORY_READ}),
    "operator": frozenset({Scope.SERVICE_OPERATE, Scope.ACT_TAKE, Scope.DIRECTORY_READ}),
}
"""The scopes that a token for a seat of each role may have."""

_EVERY_CLASS = frozenset({"C0", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"})

CLASSES: Mapping[str, frozenset[str]] = {
    "decider": _EVERY_CLASS,
    "case_worker": _EVERY_CLASS,
    "viewer": frozenset({"C0", "C1", "C2", "C3", "C5"}),
    "records_officer": frozenset({"C0"}),
    "auditor": frozenset(),
    "operator": frozenset(),
}
"""The data classes that a new seat of each role may open, unless it is given others."""
