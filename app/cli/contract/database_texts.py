"""What the page of database access says: titles of subjects, and each condition in plain words."""

from collections.abc import Mapping

from app.domain.text import Text

SUBJECTS: Mapping[str, Text] = {
    "access": Text("トークンと接続システムの認証", "Tokens and client authentication"),
    "acts": Text("二つの席が要る行為", "Acts of two seats"),
    "administration": Text("席と接続システムの管理", "Administration of seats and clients"),
    "consents": Text("同意と返還", "Consents and return requests"),
    "database": Text("全てが使う関数", "Functions that serve all"),
    "deliveries": Text("配達と取消し", "Deliveries and recalls"),
    "directory": Text("名簿", "Directory"),
    "disclosures": Text("提供の記録", "Disclosures"),
    "erasure": Text("消去と保存期間", "Erasure and retention"),
    "evidence": Text("証拠の束", "Evidence bundles"),
    "inbox": Text("受信箱", "Inbox"),
    "keys": Text("マスター鍵の交代", "Rotation of master keys"),
    "log": Text("記録", "Log"),
    "referrals": Text("案件と通信文", "Referrals and messages"),
    "webhooks": Text("到着通知", "Webhooks"),
}
"""In alphabetical order of the folders in `app/adapters/`."""

ROWS: Mapping[str, Text] = {
    "true": Text("全て", "all"),
    "false": Text(
        "なし(所有者として動く関数だけが読みます)",
        "none (only functions that run as the owner read it)",
    ),
    "me() IS NOT NULL": Text(
        "機関を名乗っていれば全て", "all, once the transaction names an agency"
    ),
    "agency_id = (SELECT me())": Text("自機関のもの", "those of the own agency"),
    "sender = (SELECT me())": Text(
        "自機関が送ったものについて", "those about what the own agency sent"
    ),
    "center_id = (SELECT me())": Text(
        "自機関がセンターであるもの", "those in which the own agency is the center"
    ),
    "(SELECT me()) = ANY (agencies)": Text(
        "自機関の名を挙げるもの", "those that name the own agency"
    ),
    "recipient_agency = (SELECT me())"
    " OR sender_agency = (SELECT me()) AND (named OR disclosed)": Text(
        "自機関が読み手のもの。送り手としては、名を挙げた相手か、開いた相手の分だけ",
        "those in which the own agency is the reader; as the sender only for a reader whom it"
        " named, or who has opened the message",
    ),
    "EXISTS ( SELECT FROM copy c JOIN message m ON m.id = c.message_id"
    " WHERE c.message_referral_id = erasure.referral_id AND erasure.class = ANY (c.classes)"
    " AND m.class_digests ? erasure.class )": Text(
        "自機関が写しを持っていた情報区分の消去",
        "erasures of a data class of which the own agency had a copy",
    ),
    "agency_id = (SELECT me())"
    " OR EXISTS (SELECT FROM erasure_answer a WHERE a.request_id = erasure_request.id)": Text(
        "自機関がしたか、自機関が答えを求められたもの",
        "those that the own agency has made, or is asked to answer",
    ),
    "EXISTS (SELECT FROM client c WHERE c.id = client_seat.client_id)": Text(
        "自機関の接続システムのもの", "those of clients of the own agency"
    ),
    'EXISTS (SELECT FROM referral r WHERE r.case_id = "case".id)': Text(
        "見える案件があるもの", "those with a referral that the own agency may see"
    ),
    "EXISTS (SELECT FROM party p WHERE p.referral_id = referral.id)"
    " OR EXISTS (SELECT FROM copy c WHERE c.message_referral_id = referral.id)": Text(
        "自機関が当事者であるか、通信文の写しを持つもの",
        "those in which the own agency is a party, or of which it has a copy of a message",
    ),
    "EXISTS ( SELECT FROM copy c JOIN party p ON p.referral_id = c.referral_id"
    " WHERE c.message_referral_id = referral_key.referral_id AND p.until IS NULL"
    " AND referral_key.class"
    " = ANY (CASE WHEN c.recalled_at IS NULL THEN c.classes ELSE c.kept END) )": Text(
        "今も当事者で、写しがある情報区分の鍵。取り消された写しでは、開いていた区分だけ",
        "keys of data classes of which the own agency, as a present party, has a copy; of a copy"
        " that was recalled only those that it had opened",
    ),
    "EXISTS (SELECT FROM copy c WHERE c.message_id = message.id)": Text(
        "自機関が写しを持つもの", "those of which the own agency has a copy"
    ),
    "EXISTS ( SELECT FROM copy c WHERE c.message_id = segment.message_id"
    " AND segment.class"
    " = ANY (CASE WHEN c.recalled_at IS NULL THEN c.classes ELSE c.kept END) )": Text(
        "写しがある情報区分のもの。取り消された写しでは、開いていた区分だけ",
        "those of data classes of which the own agency has a copy; of a copy that was recalled only"
        " those that it had opened",
    ),
    "(SELECT me()) IN (sender_agency, recipient_agency)": Text(
        "自機関がしたか、受けたもの", "those that the own agency has made or was sent"
    ),
}
"""By the condition of a policy, in one line. A condition that changes needs new words here."""
