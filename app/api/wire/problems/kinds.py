"""The kinds of problems: code, status, title, detail and hint of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from app.api.wire.language import Language, localise
from app.api.wire.schemas import REFERRAL
from app.domain.text import Text


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """What all problems with one code have in common."""

    status: HTTPStatus
    title: Text
    detail: Text
    hint: Text
    example: Mapping[str, Any] = field(default_factory=dict)
    """The other members that such a problem can have: its page lists them, and the published
    example has these values."""


_ACTION: Mapping[str, Any] = {
    "type": "special_adjustment.start_selection",
    "title": Text("調査・面接の開始", "start the selection"),
    "seat": "any",
    "schema": "/v1/flows/special_adjustment/schemas/start_selection",
}

KINDS: Mapping[str, ProblemKind] = {
    "not_authenticated": ProblemKind(
        HTTPStatus.UNAUTHORIZED,
        Text("認証されていません", "Not authenticated"),
        Text(
            "アクセストークンがないか、期限切れか、正しくありません。",
            "There is no access token, or it has expired, or it is not a good one.",
        ),
        Text(
            "POST /oauth/token で新しいトークンを取得し、Authorization: Bearer に付けてください。",
            "Get a new token by POST /oauth/token and send it as Authorization: Bearer.",
        ),
    ),
    "scope_missing": ProblemKind(
        HTTPStatus.FORBIDDEN,
        Text("このトークンには許されていません", "The token does not allow this"),
        Text(
            "この操作に要る範囲(scope)がトークンにありません。",
            "The token does not hold the scope that this needs.",
        ),
        Text(
            "その範囲を持つ役割の席でトークンを取得してください。範囲は席の役割で決まります。",
            "Get a token for a seat whose role holds the scope; roles decide on scopes.",
        ),
        example={"scope": "referral:write"},
    ),
    "bad_request": ProblemKind(
        HTTPStatus.BAD_REQUEST,
        Text("HTTPの要求として誤っています", "Not a request by the rules of HTTP"),
        Text(
            "HTTPとして読めないか、Hostがないか、Host、Authorization、Content-Typeのどれかが"
            "二度あります。",
            "It cannot be read as HTTP, has no Host, or has Host, Authorization or Content-Type"
            " twice. What cannot be read is answered in Japanese on whatever route.",
        ),
        Text(
            "ヘッダーを作っているところを確かめてください。途中のプロキシが加えていることもあります。",
            "Look at what makes the headers; a proxy on the way may add some.",
        ),
    ),
    "head_too_large": ProblemKind(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        Text("ヘッダーが大きすぎます", "The headers are too large"),
        Text(
            "要求行とヘッダーが64KiBを超えています。要求として読む前に、どの経路でも断ります。"
            "答えの言葉はいつも日本語で、契約の各経路には載っていません。",
            "The request line and the headers have more than 64 KiB. This comes before a request"
            " is read, on whatever route, always in Japanese; the routes of the contract do not"
            " list it.",
        ),
        Text(
            "トークンは一つだけ付け、ほかのヘッダーを減らして、新しい接続で送ってください。",
            "Send one token and fewer other headers, on a new connection.",
        ),
    ),
    "too_slow": ProblemKind(
        HTTPStatus.REQUEST_TIMEOUT,
        Text("届くのに時間がかかりすぎました", "It took too long to arrive"),
        Text(
            "要求のヘッダーが10秒、本文が30秒(正しいトークンがなければ10秒)のうちに届きません"
            "でした。どの経路でもありえ、答えの言葉はいつも日本語で、契約の各経路には載って"
            "いません。何も書かれていません。",
            "The head of the request did not arrive within 10 seconds, or its body within 30 (10"
            " without a valid token). This can come from any route, always in Japanese; the routes"
            " of the contract do not list it. Nothing was written.",
        ),
        Text(
            "新しい接続で、同じIDのままもう一度送ってください。",
            "Send it again with the same id, on a new connection.",
        ),
    ),
    "malformed": ProblemKind(
        HTTPStatus.BAD_REQUEST,
        Text("JSONとして読めません", "Not readable as JSON"),
        Text(
            "本文がUTF-8のJSONオブジェクトではないか、同じ名前が二度あります。",
            "The body is not a JSON object in UTF-8, or a name stands in it twice.",
        ),
        Text(
            "BOMのないUTF-8のJSONオブジェクトを送ってください。NaNやInfinityは使えません。",
            "Send a JSON object in UTF-8 without a byte order mark; NaN and Infinity are not JSON.",
        ),
    ),
    "unsupported_media_type": ProblemKind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        Text("本文の形式が違います", "Not the media type that is read"),
        Text(
            "Content-Type が application/json ではないか、charset が utf-8 ではありません。",
            "Its Content-Type is not application/json, or has a charset that is not utf-8.",
        ),
        Text(
            "Content-Type: application/json を付け、UTF-8で送ってください。",
            "Send application/json in UTF-8.",
        ),
    ),
    "unsupported_encoding": ProblemKind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        Text("本文の圧縮は使えません", "Not in this encoding"),
        Text(
            "Content-Encoding の付いた本文は読みません。",
            "A body with a Content-Encoding is not read.",
        ),
        Text(
            "圧縮せずに送り、Content-Encoding を付けないでください。",
            "Send the body as it is, without compression and without Content-Encoding.",
        ),
    ),
    "invalid": ProblemKind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        Text("内容に誤りがあります", "Something in it is not right"),
        Text(
            "errors の各項目が、どこが(pointer)なぜ(reason)受け付けられないかを示します。",
            "Each of `errors` says where (pointer) and why (reason) it was not taken.",
        ),
        Text(
            "項目の定義は /v1/flows/{flow}/schemas/{event} と /openapi.json にあります。",
            "The fields are defined in /v1/flows/{flow}/schemas/{event} and in /openapi.json.",
        ),
        example={"errors": [{"pointer": "/body/subject/date_of_birth", "reason": "date_form"}]},
    ),
    "too_large": ProblemKind(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        Text("大きすぎます", "Too large"),
        Text("本文が上限を超えています。", "The body has more bytes than are read."),
        Text(
            "添付そのものは送らず、SHA-256 を記載してください。",
            "Do not send papers themselves; name them by their SHA-256.",
        ),
        example={"limit_bytes": 262144},
    ),
    "id_reused": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("このIDは使用済みです", "The id was used before"),
        Text(
            "同じIDで、内容の異なる通信文か、他の者の通信文がすでにあります。",
            "Another message, or somebody else's, has this id.",
        ),
        Text(
            "再送なら最初と同じ内容を送り、新しい通信文なら新しいIDを付けてください。",
            "To retry, send exactly what was sent first; for a new message, make a new id.",
        ),
    ),
    "not_found": ProblemKind(
        HTTPStatus.NOT_FOUND,
        Text("見つかりません", "Not found"),
        Text(
            "存在しないか、この機関に読む権利がありません。",
            "There is no such thing, or this agency may not know of it.",
        ),
        Text(
            "IDと、どの機関の席のトークンかを確かめてください(GET /v1/me)。",
            "Check the id, and for which agency the token is (GET /v1/me).",
        ),
    ),
    "method_not_allowed": ProblemKind(
        HTTPStatus.METHOD_NOT_ALLOWED,
        Text("このメソッドは使えません", "Not with this method"),
        Text("この場所はこのメソッドに応じません。", "This place does not answer this method."),
        Text("Allow ヘッダーにあるものを使ってください。", "Use one that the Allow header names."),
    ),
    "stale": ProblemKind(
        HTTPStatus.PRECONDITION_FAILED,
        Text("案件が先に進んでいます", "The referral has moved on"),
        Text(
            "If-Match の版は、もう最新ではありません。",
            "If-Match names a version that is no longer current.",
        ),
        Text(
            "案件を読み直してから送ってください。version が現在の版です。",
            "Read the referral again before you send; `version` is the current one.",
        ),
        example={"version": 'W/"7"'},
    ),
    "illegal_move": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("この状態では送れません", "Not in this state"),
        Text(
            "案件の今の状態は、この通信文を受け付けません。",
            "The referral's state does not take this message.",
        ),
        Text(
            "state が見えている状態、actions が送れる通信文です。"
            "他の機関の間で動いたかもしれません。",
            "`state` is where you see it, `actions` what you can send; others may have moved it.",
        ),
        example={"state": "candidate_notified", "actions": [_ACTION]},
    ),
    "part_ended": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("この案件の当事者ではなくなっています", "Your part has ended"),
        Text(
            "この機関は、この案件の当事者ではなくなったので、何も送れません。",
            "This agency is no longer a party to this referral, and can send nothing in it.",
        ),
        Text(
            "当事者だった間に受け取ったものは、一覧に残っています。",
            "What it received while it was one stays in its lists.",
        ),
    ),
    "not_your_step": ProblemKind(
        HTTPStatus.FORBIDDEN,
        Text("この席からは送れません", "Not your step"),
        Text(
            "この通信文は、別の当事者か、決裁権のある席が送るものです。"
            "紙で届いたものを入力できるのも、その者に限られることがあります(`on_paper`)。",
            "This message belongs to another party, or to a decider's seat. So may keying it in,"
            " if it came on paper (`on_paper` of its row).",
        ),
        Text(
            "by が送れる当事者、seat が要る席、actions がこの機関が今送れる通信文です。",
            "`by` says whose it is, `seat` which seat it needs, `actions` what you can send.",
        ),
        example={"by": ["probation_office"], "seat": "decider", "actions": [_ACTION]},
    ),
    "guard_failed": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("条件を満たしていません", "A condition is not met"),
        Text(
            "この通信文の条件のうち、guards にあるものが満たされていません。",
            "Of the conditions of this message, those in `guards` are not met.",
        ),
        Text(
            "needs に足りないもの、takes に受け入れる値があります。満たしたら送り直してください。",
            "`needs` says what is missing, `takes` which values are taken; send it again then.",
        ),
        example={
            "guards": [
                {
                    "name": "consent_covers",
                    "title": "提供先と情報の種類を対象とする同意があること",
                    "reason": "提供先と情報の種類を対象とする有効な同意がありません。",
                    "needs": ["special_adjustment.record_consent", "/consent_ids"],
                    "missing": [
                        {
                            "party": "center",
                            "agency_id": "center-13",
                            "classes": ["C3"],
                            "because": "not_covered",
                        }
                    ],
                    "consents": [
                        {"id": "01936b7e-2f00-7c3a-9d52-6b1f0c4e8a11", "fails": ["other_class"]}
                    ],
                }
            ]
        },
    ),
    "ambiguous_route": ProblemKind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        Text("宛先の機関が一つに決まりません", "No single agency to send to"),
        Text(
            "party を受け持つ機関が、ないか、複数あります。",
            "There is no agency, or more than one, for `party`.",
        ),
        Text(
            "candidates から選び、to に書いてください。空なら GET /v1/agencies で探してください。",
            "Choose one of `candidates` in `to`; if it is empty, look in GET /v1/agencies.",
        ),
        example={
            "party": "center",
            "candidates": [
                {"agency_id": "center-01-sapporo", "name": "北海道地域生活定着支援札幌センター"},
                {"agency_id": "center-01-kushiro", "name": "北海道地域生活定着支援釧路センター"},
            ],
        },
    ),
    "already_recalled": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("すでに取り消されています", "It was already taken back"),
        Text(
            "この通信文は、別の理由ですでに取り消されています。取り消したものは印刷もできません。",
            "The message was taken back before, for another reason; and what was taken back is not"
            " printed.",
        ),
        Text(
            "GET …/deliveries で今の様子を確かめてください。要るなら新しい通信文を送ってください。",
            "See the referral's deliveries for where it stands; if it is needed, send a new one.",
        ),
    ),
    "recall_impossible": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("この案件ではもう取り消せません", "Nothing can be recalled here any more"),
        Text(
            "取り消せるのは、開いている案件の今の当事者だけです。同意を記録・確認・撤回した通信文は、"
            "同意の撤回や、撤回の取消し(`retract_withdrawal`)でその効力が終わってから取り消します"
            "(`consent_stands`)。reason がその理由です。",
            "Only a present party of an open referral recalls messages, and what recorded,"
            " confirmed or withdrew a consent only once that has no effect any more"
            " (`consent_stands`), by a withdrawal or by `retract_withdrawal`; `reason` says why"
            " not.",
        ),
        Text(
            "誤送付なら、持っている機関に直接知らせ、報告を判断してください。",
            "If it was misdirected, tell whoever holds it, and decide on a report.",
        ),
        example={"reason": "party_ended"},
    ),
    "recall_by_request": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("求めなければ返りません", "Their holders have to be asked"),
        Text(
            "agencies は、写しを開くか受領してから、取り消せる期間を過ぎています。",
            "`agencies` have opened or acknowledged their copies, and the time in which these"
            " could be recalled at once has passed.",
        ),
        Text(
            "POST /v1/acts の recall.request で求めるか、corrects で訂正してください。",
            "Ask with the act recall.request, or correct the message with `corrects`.",
        ),
        example={"agencies": ["center-13"]},
    ),
    "already_answered": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("すでに答えられています", "It was already answered"),
        Text(
            "この求めには、別の答えが記録されているか、求めがもう終わっています。答えは変わりません。",
            "Another answer to this request is on record, or it has ended; an answer does not"
            " change.",
        ),
        Text(
            "GET /v1/return-requests、GET /v1/recall-requests、案件の消去の一覧のいずれかで、"
            "記録された答えを確かめてください。"
            "誤りなら、求めた機関に知らせてください。",
            "See the answer at GET /v1/return-requests, GET /v1/recall-requests or the referral's"
            " erasures; if it is wrong, tell whoever asked.",
        ),
    ),
    "not_to_print": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("印刷するものではありません", "Not to be printed"),
        Text(
            "この通信文の宛先は、どこもこのサービスに参加しています。",
            "Every recipient of the message takes part in the service.",
        ),
        Text(
            "受領は相手が記録します。GET …/deliveries で様子を確かめてください。",
            "The recipients acknowledge it themselves; see the referral's deliveries.",
        ),
    ),
    "not_sealed": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("そこまで封じられていません", "The log is not sealed that far"),
        Text(
            "最新のチェックポイントは size 件までで、求められた番号に届いていません。",
            "The newest checkpoint covers `size` leaves and does not reach what was asked for.",
        ),
        Text(
            "GET /v1/log/checkpoint の件数以下で求めるか、封じられるまで待ってください。",
            "Ask for no more than the checkpoint covers, or wait until more is sealed.",
        ),
        example={"size": 41208},
    ),
    "too_many": ProblemKind(
        HTTPStatus.TOO_MANY_REQUESTS,
        Text("要求が多すぎます", "Too many requests"),
        Text("短い間に要求が多すぎます。", "More requests than this client may make."),
        Text("Retry-After の秒数だけ待ってください。", "Wait for the seconds of Retry-After."),
        example={"retry_after": 5},
    ),
    "referral_full": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("この案件にはもう送れません", "This referral takes no more of yours"),
        Text(
            "この機関は、一つの案件に送れる数の通信文を送ったか、"
            "一つの事案に開ける数の案件をその下に開きました。ほかの当事者は送れます。",
            "Your agency has sent as many messages in this referral as it may, or opened as many"
            " referrals below others in this case. Others can send.",
        ),
        Text(
            "続きは新しい案件で送るか、運用者に相談してください。",
            "Go on in a new referral, or ask the operator.",
        ),
        example={"limit_messages": 2000},
    ),
    "too_many_consents": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("ここにはもう同意を記録できません", "This case takes no more of your consents"),
        Text(
            "この機関は、案件とその上下の案件に記録できる数の同意を記録しました。"
            "撤回されたものも数えます。ほかの当事者は記録できます。",
            "Your agency has recorded as many consents in this case (a referral and those below"
            " it) as it may, those that were withdrawn among them. Others can record some.",
        ),
        Text(
            "ほかの当事者に記録してもらうか、運用者に相談してください。",
            "Have another party record it, or ask the operator.",
        ),
        example={"limit_consents": 50},
    ),
    "too_many_today": ProblemKind(
        HTTPStatus.TOO_MANY_REQUESTS,
        Text("今日はもうできません", "No more today"),
        Text(
            "この機関は、これを1日にできる数だけ行いました(of が何か)。ほかの機関はできます。",
            "Your agency has done this as often today as it may (`of` says what). Other agencies"
            " can.",
        ),
        Text(
            "Retry-After の秒数(日本時間の0時まで)だけ待ってください。",
            "Wait for the seconds of Retry-After, until midnight in Japan.",
        ),
        example={"of": "messages", "limit": 500, "limit_messages": 500, "retry_after": 3600},
    ),
    "bundle_too_large": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("束に収まりません", "Too large for a bundle"),
        Text(
            "求めたものは、通信文の数か量が、一つの束の上限を超えています。",
            "What was asked for has more messages, or more text, than one bundle holds.",
        ),
        Text(
            "parts に並ぶ referral、from、through で、一つずつ求めてください。",
            "Ask for each of `parts` with its `referral`, `from` and `through`.",
        ),
        example={
            "limit_messages": 500,
            "limit_bytes": 67108864,
            "parts": [
                {
                    "referral": "01936b7e-8a3c-7d21-9f64-2b7c1e5a9d40",
                    "from": 1,
                    "through": 500,
                }
            ],
        },
    ),
    "too_many_webhooks": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("送り先が多すぎます", "Too many webhooks"),
        Text(
            "この機関の到着通知の送り先は、すでに上限の20件あります。",
            "This agency has twenty webhooks, which is as many as it may have.",
        ),
        Text(
            "使わないものを DELETE /v1/webhooks/{id} で消すか、あるものを PATCH で変えてください。",
            "Delete one that is not used, or change one by PATCH.",
        ),
    ),
    "second_seat": ProblemKind(
        HTTPStatus.FORBIDDEN,
        Text("別の席の承認が要ります", "It takes a second seat"),
        Text(
            "重い行為には二つの席が要ります。この席は、これを提案した席です。",
            "A weighty act takes two seats, and this is the one that proposed it.",
        ),
        Text(
            "別の席のトークンで承認してください。やめるには POST …/withdraw を使います。",
            "Approve it with another seat's token; to drop it, POST to withdraw.",
        ),
    ),
    "not_your_act": ProblemKind(
        HTTPStatus.FORBIDDEN,
        Text("この席の行為ではありません", "Not for this seat"),
        Text(
            "この行為を提案または決定するのは、roles の役割の席です。",
            "It is for seats of the roles in `roles` to propose this act, or to decide on it.",
        ),
        Text("その役割の席でトークンを取得してください。", "Get a token for a seat of that role."),
        example={"roles": ["decider", "records_officer"]},
    ),
    "act_settled": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("もう決まっています", "Already settled"),
        Text(
            "この提案は決定されたか、取り下げられたか、期限が過ぎています。",
            "The proposal was decided on, was withdrawn or has expired.",
        ),
        Text(
            "state を見て、要るなら新しいIDで提案し直してください。",
            "See `state`; if it is still wanted, propose it again with a new id.",
        ),
        example={"state": "approved"},
    ),
    "act_impossible": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("今はできません", "Not as things stand"),
        Text(
            "この行為は、今の状態では効力を持てません。reason がその理由です。",
            "As things stand the act cannot take effect; `reason` says why.",
        ),
        Text(
            "理由が解けてから、新しいIDで提案してください。",
            "Propose it with a new id when the reason is gone.",
        ),
        example={"reason": "not_closed"},
    ),
    "too_many_acts": ProblemKind(
        HTTPStatus.CONFLICT,
        Text("承認を待つ提案が多すぎます", "Too many proposals wait"),
        Text(
            "この機関には、二人目を待つ提案がすでに上限の50件あります。",
            "Fifty proposals of this agency wait for a second seat, which is as many as may.",
        ),
        Text(
            "承認するか、承認しないか、取り下げてください。",
            "Approve, refuse or withdraw some of them.",
        ),
    ),
    "busy": ProblemKind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        Text("込み合っています", "Busy"),
        Text(
            "この呼出しが書くところ(案件、届け先の受信箱、その日の数え)を他の処理が使い続けていて、"
            "待ちきれませんでした。何も書かれていません。",
            "What this call writes (the case, an inbox, a count of the day) is in use by others for"
            " longer than a call waits. Nothing was written.",
        ),
        Text(
            "Retry-After の後に、同じIDで同じ内容を送り直してください。",
            "After Retry-After, send the same again with the same id.",
        ),
        example={"retry_after": 1},
    ),
    "unavailable": ProblemKind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        Text("一時的に使えません", "Unavailable for a moment"),
        Text(
            "データベースか、封を開ける鍵が応じません。届かないか、書き込めないか、"
            "込み合っています。何も書かれていません。",
            "The database, or the keys that open seals, do not answer: out of reach, not taking"
            " writes, or with too much to do. Nothing was written.",
        ),
        Text(
            "Retry-After の後に送り直してください。同じIDなら二重になりません。",
            "Try again after Retry-After. With the same id nothing happens twice.",
        ),
        example={"retry_after": 2},
    ),
    "internal": ProblemKind(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        Text("サービスの内部で誤りが起きました", "Something went wrong inside the service"),
        Text("こちらの誤りです。記録しました。", "The fault is ours, and has been logged."),
        Text(
            "続くなら、X-Request-Id の値を添えて運用者に知らせてください。",
            "If it goes on, tell the operator, with the value of X-Request-Id.",
        ),
    ),
}
"""By code. `/problems/<code>` describes each."""


def example(code: str, language: Language) -> dict[str, Any]:
    """A complete example of a problem with this code."""
    kind = KINDS[code]
    return {
        "type": f"/problems/{code}",
        "title": kind.title.in_language(language),
        "status": kind.status.value,
        "detail": kind.detail.in_language(language),
        "hint": kind.hint.in_language(language),
        "instance": f"/v1/referrals/{REFERRAL}",
        **localise(kind.example, language),
    }
