"""The subjects of the contract, in the order in which a reader comes upon them."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.api.wire.language import Language
from app.domain.text import Text

GROUPS: Mapping[Text, Mapping[str, Text]] = {
    Text("始める", "Getting started"): {
        "oauth": Text("トークンと鍵。", "Tokens and keys."),
        "me": Text("このトークンの主体。", "Whom this token stands for."),
        "directory": Text("機関と管轄。", "Agencies and the areas for which they are responsible."),
        "flows": Text(
            "流れの表、通信文の定義、図。誰でも読める。",
            "Tables of the flows, definitions of messages, diagrams. Anybody can read them.",
        ),
    },
    Text("送る・読む", "Sending and reading"): {
        "referrals": Text(
            "案件と通信文。送る、読む、開く。", "Referrals and messages: send, read, open."
        ),
        "inbox": Text("受信箱、受領、期日。", "The inbox, acknowledgements, and the days to keep."),
        "deliveries": Text(
            "送った通信文の行方、印刷、取消し、誤送付の記録。",
            "What became of messages: printing, recalls, records of misdirected disclosures.",
        ),
        "webhooks": Text(
            "到着通知。受信箱に届いたことを、登録した先に知らせる。",
            "Notices to registered endpoints that something arrived in the inbox.",
        ),
    },
    Text("同意と提供", "Consent and disclosure"): {
        "consents": Text(
            "同意の記録と、撤回のあとの返還・廃棄の求め。",
            "Records of consent, and requests to return or destroy information after a withdrawal.",
        ),
        "disclosures": Text(
            "提供の記録。誰に何が届き、誰が開いたか。",
            "The record of disclosures: what reached whom, and who opened it.",
        ),
        "evidence": Text(
            "証拠の束。一つの事案について、通信なしに確かめられる証明。",
            "Evidence bundles: proof of what happened in a case, verified without a connection.",
        ),
    },
    Text("管理", "Administration"): {
        "acts": Text("二つの席が要る重い行為。", "Weighty acts that take two seats."),
        "administration": Text("自機関の席と接続システム。", "An agency's own seats and clients."),
        "erasure": Text(
            "消去したものと、消去の停止。", "What was erased, and what is held from erasure."
        ),
    },
    Text("検証", "Verification"): {
        "log": Text(
            "記録。誰でも確かめられる Merkle 木と、この機関の記録。",
            "The log: a Merkle tree that anybody can verify, and this agency's entries.",
        ),
        "service": Text(
            "サービスの様子と、問題の説明。",
            "How the service is doing, and what problems mean.",
        ),
    },
}
"""By group, in the contract's `x-tagGroups`."""


def tags(language: Language) -> Iterator[dict[str, Any]]:
    """Every tag, as OpenAPI has them."""
    for group in GROUPS.values():
        for name, text in group.items():
            yield {"name": name, "description": text.in_language(language)}


def groups(language: Language) -> Iterator[dict[str, Any]]:
    """Every group of tags, as `x-tagGroups` has them."""
    for title, group in GROUPS.items():
        yield {"name": title.in_language(language), "tags": list(group)}
