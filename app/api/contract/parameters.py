"""What the parameters mean that many routes take, said once."""

from collections.abc import Mapping

PARAMETERS: Mapping[str, str] = {
    "referral_id": "案件のID(最初の通信文のIDに等しい)",
    "entry_id": "記録のID",
    "message_id": "通信文のID",
    "request_id": "返還・廃棄の求めのID",
    "case_id": "事案(一つの綴りになる案件の全て)のID(案件の `case_id`)",
    "disclosure_id": "誤送付の記録のID",
    "webhook_id": "到着通知の送り先のID",
    "flow": "流れの名前(`GET /v1/flows` にある)",
    "event": "通信文の名前(種類のうち点より後ろ)",
    "state": "案件の状態(流れの表にある名前)",
    "seat_id": "席のID",
    "client_id": "接続システムのID",
    "act_id": "二つの席が要る行為のID",
    "code": "問題の符号(`type` の `/problems/` より後ろ)",
}
"""The text for a parameter whose route gives none, by its name."""
