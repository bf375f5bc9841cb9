"""Where a copy of a message is, what happens next and what to do, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.calendar.clock import JAPAN
from app.domain.deliveries.delivery import Delivery
from app.domain.text import Text


@dataclass(frozen=True, slots=True)
class Explanation:
    """One copy, explained to its sender or to its recipient: place, what follows, what to do."""

    where: Text
    following: Text
    todo: Text


NOTHING = Text("することはありません。", "There is nothing to do.")
DONE = Text("配達はこれで終わりです。", "Its delivery is complete.")
TELEPHONE = Text(
    "電話などで相手の機関に確かめてください。誤りなら POST …/recall で取り消せます。",
    "Call the other agency. If it was sent by mistake, take it back with POST …/recall.",
)
READ_IT = Text(
    "開いて読み、POST /v1/inbox/acknowledgements で受領してください。",
    "Open it, and acknowledge it with POST /v1/inbox/acknowledgements.",
)
PRINT_IT = Text(
    "書面(GET …/sheet)を印刷し、POST …/printed で印刷済みとしてください。",
    "Print its sheet (GET …/sheet), and then say so with POST …/printed.",
)
SEND_ANEW = Text(
    "要るなら、正しい宛先と内容で新しい通信文として送ってください。",
    "If it is still needed, send it as a new message, right this time.",
)
REPORT = Text(
    "GET /v1/misdirected-disclosures/{id} の事実と期限で、報告と本人への通知を判断してください。",
    "Decide on reports and on telling the person, by the facts and days of"
    " GET /v1/misdirected-disclosures/{id}.",
)
RETURN_IT = Text(
    "写しを残さず、送り手の求めに応じてください。記録は"
    " GET /v1/misdirected-disclosures/{id} にあります。",
    "Keep no copy, and do as the sender asks. See GET /v1/misdirected-disclosures/{id}.",
)

# (is it the sender who asks, status): where it is
WHERE: Mapping[tuple[bool, str], Text] = {
    (True, "waiting"): Text(
        "相手の受信箱で待っています。まだ開かれていません。",
        "It waits in the recipient's inbox, and has not been opened.",
    ),
    (False, "waiting"): Text(
        "この機関の受信箱で待っています。まだ開かれていません。",
        "It waits in your agency's inbox, and has not been opened.",
    ),
    (True, "notified"): Text(
        "{at} に相手のシステムへ到着を知らせました。まだ開かれていません。",
        "The recipient's system was notified at {at}. It has not been opened.",
    ),
    (False, "notified"): Text(
        "{at} にこの機関のシステムへ到着を知らせました。まだ開かれていません。",
        "Your agency's system was notified at {at}. It has not been opened.",
    ),
    (True, "opened"): Text(
        "{at} に相手が開きました。受領はまだです。",
        "The recipient opened it at {at}, and has not acknowledged it.",
    ),
    (False, "opened"): Text(
        "{at} にこの機関の席が開きました。受領はまだです。",
        "A seat of your agency opened it at {at}. It has not been acknowledged.",
    ),
    (True, "acknowledged"): Text(
        "{at} に {seat} が受領しました。", "{seat} acknowledged it at {at}."
    ),
    (False, "acknowledged"): Text(
        "{at} に {seat} が受領しました。", "{seat} acknowledged it at {at}."
    ),
    (True, "to_print"): Text(
        "相手は参加していない機関なので、印刷されるのを待っています。",
        "The recipient takes no part here, so it waits to be printed.",
    ),
    (False, "to_print"): Text(
        "送り手が印刷して届けることになっています。", "The sender is to print and bring it."
    ),
    (True, "printed"): Text("{at} に {seat} が印刷しました。", "{seat} printed it at {at}."),
    (False, "printed"): Text("{at} に送り手が印刷しました。", "The sender printed it at {at}."),
    (True, "recalled"): Text(
        "{at} に取り消しました。その前には開かれていません。",
        "You took it back at {at}, before it was opened.",
    ),
    (False, "recalled"): Text(
        "{at} に送り手が取り消しました。もう開けません。",
        "The sender took it back at {at}. It can no longer be opened.",
    ),
    (True, "consent_withdrawn"): Text(
        "{at} に同意が撤回され、開かれる前に取り戻されました。",
        "Consent was withdrawn at {at}; it was taken back before it was opened.",
    ),
    (False, "consent_withdrawn"): Text(
        "{at} に同意が撤回されました。新しい同意がなければ開けません。",
        "Consent was withdrawn at {at}. It opens again only with a new consent.",
    ),
    (True, "misdirected"): Text(
        "{at} に取り消しましたが、その前に開かれるか印刷されていました(誤送付)。",
        "You took it back at {at}, after it had been opened or printed: a misdirected disclosure.",
    ),
    (False, "misdirected"): Text(
        "{at} に送り手が取り消しましたが、その前にこの機関の席が開いていました(誤送付)。",
        "The sender took it back at {at}, after it had been opened here: a misdirected disclosure.",
    ),
    (True, "agency_disabled"): Text(
        "相手の機関は停止か廃止されていて、届きません。",
        "The recipient's agency is disabled, so it cannot arrive.",
    ),
    (False, "agency_disabled"): Text(
        "この機関は停止か廃止されています。", "Your agency is disabled."
    ),
    (True, "party_ended"): Text(
        "相手はもうこの案件の当事者ではなく、開けません。",
        "The recipient is no longer a party to the referral, and cannot open it.",
    ),
    (False, "party_ended"): Text(
        "この機関はもうこの案件の当事者ではなく、開けません。",
        "Your agency is no longer a party to the referral, and cannot open it.",
    ),
}

# what happens next, where no term decides it
FOLLOWING: Mapping[str, Text] = {
    "acknowledged": DONE,
    "printed": Text(
        "この先は紙で届きます。サービスからは追えません。",
        "From here on it goes on paper, where the service cannot follow it.",
    ),
    "recalled": Text(
        "相手に見えるのは取消しの印だけです。案件の状態は戻りません。",
        "The recipient sees that it was taken back, and nothing else."
        " The referral stays where it is.",
    ),
    "consent_withdrawn": Text(
        "新しい同意が記録されれば、その範囲でまた受信箱に戻ります。",
        "With a new consent that covers it, it waits in the inbox again.",
    ),
    "misdirected": Text(
        "もう開けません。速報と確報の期限が動いています。",
        "It can no longer be opened. The clocks of both reports are running.",
    ),
    "agency_disabled": Text("このままでは届きません。", "As it is, it will not arrive."),
    "party_ended": Text("このままでは届きません。", "As it is, it will not arrive."),
}
# what happens next, by how late it is
BY_TERM: Mapping[str | None, Text] = {
    None: Text(
        "{overdue} までに受領(紙なら印刷)がなければ、受信箱に知らせます。",
        "If it is not acknowledged (or printed) by {overdue}, the inbox will say so.",
    ),
    "overdue": Text(
        "期限の {overdue} を過ぎました。{failed} を過ぎると不達として知らせます。",
        "It has been overdue since {overdue}. After {failed} it counts as failed.",
    ),
    "failed": Text(
        "{failed} を過ぎ、不達として知らせました。消えてはおらず、遅れた受領も記録します。",
        "It has counted as failed since {failed}. It is still there,"
        " and a late acknowledgement is recorded.",
    ),
}
NO_TERM = Text("期限はありません。", "It has no term.")

NEXT_STEP: Mapping[tuple[bool, str], Text] = {
    (False, "waiting"): READ_IT,
    (False, "notified"): READ_IT,
    (False, "opened"): READ_IT,
    (True, "to_print"): PRINT_IT,
    (True, "printed"): Text("書面を相手に届けてください。", "Bring the paper to the recipient."),
    (True, "recalled"): SEND_ANEW,
    (True, "misdirected"): REPORT,
    (False, "misdirected"): RETURN_IT,
    (True, "agency_disabled"): Text(
        "引き継いだ機関を GET /v1/agencies で調べ、そこへ送ってください。",
        "Find whoever took over with GET /v1/agencies, and send it there.",
    ),
    (True, "party_ended"): Text(
        "今の当事者を案件で確かめ、要るならそこへ送ってください。",
        "See in the referral who is a party now, and send it there if it is needed.",
    ),
}

NOTICE: Mapping[str, Text] = {
    "pending": Text("{next} ごろに知らせます。", "It is to be sent at about {next}."),
    "stopped": Text(
        "送り先が止まっています。再開すれば、残っているものから順に知らせます。",
        "The endpoint is stopped. Once enabled, it is sent what it has missed, in order.",
    ),
    "delivered": Text("知らせました。", "It was sent, and taken."),
    "failed": Text(
        "決まった回数を試して届きませんでした。POST /v1/webhooks/{id}/replay で送り直せます。",
        "Every attempt failed. Send it again with POST /v1/webhooks/{id}/replay.",
    ),
    "recalled": Text(
        "送り手が通信文を取り消したので、知らせません。", "Not sent: the message was taken back."
    ),
    "agency_disabled": Text(
        "機関が停止か廃止されているので、知らせません。", "Not sent: the agency is disabled."
    ),
    "client_disabled": Text(
        "送り先を登録したシステムが止められたので、知らせません。",
        "Not sent: the client that vouched for the endpoint is disabled.",
    ),
    "seat_disabled": Text(
        "送り先を登録した席が止められたので、知らせません。",
        "Not sent: the seat that vouched for the endpoint is disabled.",
    ),
    "seat_unlinked": Text(
        "送り先を登録したシステムがその席を離れたので、知らせません。",
        "Not sent: the client no longer speaks for the seat that vouched for the endpoint.",
    ),
    "party_ended": Text(
        "この機関が当事者でなくなったので、知らせません。",
        "Not sent: your agency is no longer a party.",
    ),
    "consent_withdrawn": Text(
        "同意が撤回されたので、知らせません。", "Not sent: consent was withdrawn."
    ),
    "webhook_deleted": Text("送り先が削除されました。", "Not sent: the endpoint was deleted."),
}
CONSENT_WITHDRAWN = "consent_withdrawn"
CANCELLED = Text("取りやめました。", "It was cancelled.")


def explain(delivery: Delivery, at: datetime, *, to_sender: bool) -> Explanation:
    """Explain a copy in plain words, in its state at `at`."""
    case = _case(delivery)
    moment, seat = _last(delivery)
    late = delivery.lateness(at)
    todo = NEXT_STEP.get((to_sender, case))
    if todo is None:
        todo = (
            TELEPHONE
            if to_sender and late and case in {"waiting", "notified", "opened"}
            else NOTHING
        )
    return Explanation(
        _fill_in(WHERE[to_sender, case], at=_written_time(moment), seat=seat or ""),
        FOLLOWING.get(case) or _by_term(delivery, late),
        _fill_in(todo, id=str(delivery.misdirected_disclosure_id)),
    )


def explain_notice(
    state: str, reason: str | None, webhook_state: str, webhook_id: str, next_at: datetime | None
) -> Text:
    """Explain the state of a notice to an endpoint in plain words."""
    case = state
    if state == "cancelled":
        case = reason or ""
    elif state == "pending" and webhook_state != "active":
        case = "stopped"
    return _fill_in(NOTICE.get(case, CANCELLED), id=webhook_id, next=_written_time(next_at))


def _case(delivery: Delivery) -> str:
    status = delivery.status
    if status == "recalled":
        return _recall_case(delivery)
    if status == "undeliverable" and delivery.undeliverable:
        return delivery.undeliverable
    return status


def _recall_case(delivery: Delivery) -> str:
    if delivery.recall_reason == CONSENT_WITHDRAWN:
        return CONSENT_WITHDRAWN
    return "misdirected" if delivery.misdirected_disclosure_id else "recalled"


def _last(delivery: Delivery) -> tuple[datetime | None, str | None]:
    """When the copy got its present status, and by which seat."""
    moments: Mapping[str, tuple[datetime | None, str | None]] = {
        "notified": (delivery.notified_at, None),
        "opened": (delivery.opened_at, None),
        "acknowledged": (delivery.acknowledged_at, delivery.acknowledged_by),
        "printed": (delivery.printed_at, delivery.printed_by),
        "recalled": (delivery.recalled_at, None),
    }
    return moments.get(delivery.status, (None, None))


def _by_term(delivery: Delivery, late: str | None) -> Text:
    if delivery.terms is None:
        return NO_TERM
    terms = delivery.terms
    return _fill_in(
        BY_TERM[late],
        overdue=_written_time(terms.overdue_at),
        failed=_written_time(terms.failed_at),
    )


def _written_time(at: datetime | None) -> str:
    return f"{at.astimezone(JAPAN):%Y-%m-%d %H:%M}" if at else ""


def _fill_in(text: Text, **values: str) -> Text:
    def fill(words: str) -> str:
        for name, value in values.items():
            words = words.replace(f"{{{name}}}", value)
        return words

    return Text(fill(text.ja), fill(text.en))
