"""The way home: a man without a family comes out of a Tokyo prison and settles in Osaka."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID, uuid4

from app.cli.story import papers
from app.cli.story.cast import OSAKA, PRISON, PROBATION, PROSECUTOR, TOKYO
from app.cli.story.scene import (
    ALL,
    VIEWER,
    Arrives,
    AskedBack,
    Chapter,
    Elsewhere,
    Opens,
    Proves,
    Refused,
    Scene,
    Sends,
    Thread,
)
from app.domain.calendar.business_days import is_closed
from app.domain.text import Text

MOVED = timedelta(days=8)
"""By how much the day of release comes forward."""


@dataclass(frozen=True, slots=True)
class HomePlot:
    """What the scenes share. Days are counted back from the day of release."""

    release: date
    today: date
    case: Thread = field(default_factory=lambda: Thread("special_adjustment"))
    region: Thread = field(default_factory=lambda: Thread("regional_coordination"))
    consent: UUID = field(default_factory=uuid4)
    to_osaka: UUID = field(default_factory=uuid4)
    again: UUID = field(default_factory=uuid4)
    request: UUID = field(default_factory=uuid4)
    answer: UUID = field(default_factory=uuid4)
    interview: UUID = field(default_factory=uuid4)

    @classmethod
    def ending(cls, today: date) -> "HomePlot":
        """A story that ends today; the release is on the last day on which offices were closed."""
        release = today
        while not is_closed(release):
            release -= timedelta(days=1)
        return cls(release, today)

    def before(self, days: int) -> date:
        """So many days before the release; if offices are closed, the last open day before that."""
        day = self.release - timedelta(days=days)
        while is_closed(day):
            day -= timedelta(days=1)
        return day


def scenes(today: date) -> Iterator[Scene]:
    """The scenes of the chapter, which ends today."""
    plot = HomePlot.ending(today)
    yield CHAPTER
    for part in (
        _notify_candidate, _select_candidate, _request_cooperation, _interview, _ask_osaka,
        _hand_over, _move_release, _withdraw_consent, _make_ready, _go_home,
    ):  # fmt: skip
        yield from part(plot)


CHAPTER = Chapter(
    Text("第一話 帰る家", "Chapter 1: The way home"),
    Text(
        "繋 太郎さん(70代、知的障害)は府中刑務所で満期を待つ。家族はなく、大阪で暮らしたい。",
        "Tsunagu Taro, in his seventies and with an intellectual disability, serves his term in"
        " Fuchu. He has no family, and wants to live in Osaka.",
    ),
    (PRISON, PROBATION, TOKYO, OSAKA, PROSECUTOR),
)


# fmt: off
# A scene is read like a line of a script: who, what, when, and what the audience is told.


def _notify_candidate(p: HomePlot) -> Iterator[Scene]:
    yield p.case.opens(
        PRISON, "notify_candidate", p.before(180),
        Text(
            "候補者を保護観察所に知らせる。宛先は書かない。管轄の表から東京保護観察所に決まる。",
            "The prison notifies a candidate. It names no recipient: jurisdiction does.",
        ),
        body=papers.candidate(p.release + MOVED, p.before(182)),
        then="candidate_notified", recipients={PROBATION: ALL},
        facts={"release_on": p.release + MOVED},
    )
    yield Arrives(
        PROBATION, p.case.id,
        Text("受信箱に届いている。開いても受領にはならず、受領は担当の席がはっきり記録する。",
             "It waits in the inbox. Opening is not receiving: a seat has to say so."),
    )
    yield Opens(
        who=PROBATION, thread=p.case, message=p.case.id, role=VIEWER,
        tale=Text("閲覧の席で開くと、刑事に関する事項は開けない。席ごとに開ける種類が違う。",
                  "Opened from a viewer's seat the criminal matter stays shut: seats differ."),
        opened="C0 C1 C2 C3 C5", because="not_your_seat",
    )
    yield p.case.says(
        PROBATION, "start_selection", p.before(172),
        Text("保護観察官が調査と面接を始める。", "A probation officer begins to look into it."),
        body={"worker_seat": "probation-13.case_worker"},
        then="under_selection", recipients={PRISON: ALL},
    )


def _select_candidate(p: HomePlot) -> Iterator[Scene]:
    select = p.case.decides(
        PROBATION, "select_special", p.before(160),
        Text("所長が選定しようとする。しかし要件⑥の同意が、まだ記録されていない。",
             "The head wants to select him. But the consent of requirement 6 is not recorded yet."),
        body={"requirements": papers.requirements(p.consent, p.before(160)),
              "decided_on": p.before(160).isoformat()},
    )
    yield Refused(select, "guard_failed", "requirement6_consent_valid")
    yield p.case.says(
        PROBATION, "record_consent", p.before(158),
        Text("本人から書面で同意を得た。誰に、何の情報を渡してよいかを、はっきり書く。",
             "He consents in writing. It says who may be told, and which classes."),
        body=papers.consent(p.consent, p.before(158), ["center-13"]),
        then="under_selection",
    )
    yield p.case.decides(
        PROBATION, "select_special", p.before(155),
        Text("六つの要件がすべて満たされ、所長が特別調整の対象に選定する。",
             "All six requirements are met. The head selects him for special adjustment."),
        body={"requirements": papers.requirements(p.consent, p.before(155)),
              "decided_on": p.before(155).isoformat()},
        then="selected_special", recipients={PRISON: ALL},
    )


def _request_cooperation(p: HomePlot) -> Iterator[Scene]:
    yield p.case.decides(
        PROBATION, "request_cooperation", p.before(150),
        Text("東京のセンターに協力を依頼する。刑務所には、依頼した事実(C0)だけが伝わる。",
             "The Tokyo center is asked to cooperate. The prison learns that, and no more (C0)."),
        body=papers.cooperation(p.consent, p.before(150), p.release + MOVED),
        then="requested", recipients={TOKYO: ALL, PRISON: "C0"}, id=p.request,
        facts={"response_due": p.before(136), "release_on": p.release + MOVED},
    )
    yield p.case.says(
        TOKYO, "query", p.before(148),
        Text("相談員が、足りない項目を照会する。", "A counsellor asks for what is missing."),
        body={"fields": ["health_summary"], "question": "服薬の内容を教えてください。"},
        then="query_pending", recipients={PROBATION: ALL},
    )
    yield p.case.says(
        PROBATION, "answer_query", p.before(146),
        Text("聞かれた項目だけを答える。刑務所から見た状態は動かない。",
             "Only that is answered. For the prison nothing has moved."),
        body={"fields": ["health_summary"], "health_summary": "降圧薬を1日1回服用している。"},
        then="requested", recipients={TOKYO: ALL}, id=p.answer,
    )
    yield p.case.decides(
        TOKYO, "accept", p.before(142),
        Text("センター長が受任し、担当を決める。この時から東京のセンターが主担当。",
             "The director accepts and names a worker. From now on the Tokyo center leads."),
        body={"worker_seat": "center-13.case_worker", "worker_name": "架空 担当"},
        then="accepted", recipients={PROBATION: ALL, PRISON: "C0"}, lead=TOKYO,
        facts={"response_due": None},
    )


def _interview(p: HomePlot) -> Iterator[Scene]:
    yield p.case.says(
        TOKYO, "interview", p.before(120),
        Text("刑務所で面談する。記録はセンターの中にとどまり、保護観察所には「面談した」ことと日付だけ。",
             "An interview in prison. The record stays with the center; the office gets the date."),
        body=papers.interview(p.before(120), "center-13.case_worker"),
        then="assessing", recipients={PROBATION: "C0"}, id=p.interview,
    )


def _ask_osaka(p: HomePlot) -> Iterator[Scene]:
    yield Refused(
        _request_to_osaka(
            p, p.before(112),
            Text("大阪のセンターに頼みたい。しかし本人の同意は、東京のセンターにしか及んでいない。",
                 "He wants to live in Osaka. But his consent covers the Tokyo center only."),
            uuid4(), p.consent,
        ),
        "guard_failed", "consent_covers",
    )
    yield p.case.says(
        TOKYO, "record_consent", p.before(110),
        Text("大阪のセンターに伝えてよいという同意を、もう一つ得た。",
             "He gives another consent: the Osaka center may be told."),
        body=papers.consent(p.to_osaka, p.before(110), ["center-27"], "regional"),
        then="assessing", recipients={PROBATION: ALL},
    )
    yield _request_to_osaka(
        p, p.before(108),
        Text("支援業務協力依頼書を送る。見せる通信文を選ぶ: 依頼書と、照会への回答。",
             "The request goes out, with two earlier messages to share: request and answer."),
        p.region.id, p.to_osaka,
    )
    yield Opens(
        who=OSAKA, thread=p.region, message=p.request,
        tale=Text("見せてもらった依頼書を、広域調整の案件から開く。",
                  "The shared request opens through the regional referral."),
    )


def _request_to_osaka(p: HomePlot, on: date, tale: Text, number: UUID, consent: UUID) -> Sends:
    thread = Thread(p.region.flow, number)
    return thread.opens(
        TOKYO, "request", on, tale,
        body=papers.regional_request(consent, p.before(94), p.release + MOVED),
        envelope={
            "to": {"destination_center": "center-27"},
            "parent": str(p.case.id),
            "shared_messages": [str(p.request), str(p.answer)],
        },
        then="requested", recipients={OSAKA: ALL},
        elsewhere=(Elsewhere(p.case, "regional_pending", (TOKYO, PROBATION, PRISON)),),
    )


def _hand_over(p: HomePlot) -> Iterator[Scene]:
    yield p.region.says(
        OSAKA, "acknowledge", p.before(106),
        Text("大阪のセンターが受領する。", "The Osaka center has it in hand."),
        then="acknowledged", recipients={TOKYO: ALL},
    )
    yield p.region.decides(
        OSAKA, "accept", p.before(100),
        Text("大阪のセンター長が受託する。", "The Osaka director accepts."),
        body={"worker_seat": "center-27.case_worker"},
        then="accepted", recipients={TOKYO: ALL},
    )
    yield p.region.decides(
        TOKYO, "offer_transfer", p.before(90),
        Text("主担当を移したいと申し出る。面談の記録も見せる。",
             "Tokyo offers the lead, and now shares the record of the interview too."),
        body={"open_tasks": ["受入先の調整", "出所当日の同行"]},
        envelope={"shared_messages": [str(p.interview)]},
        then="transfer_offered", recipients={OSAKA: ALL},
    )
    yield p.region.decides(
        OSAKA, "accept_transfer", p.before(88),
        Text("大阪が引き受ける。この一通で、主担当も、元の案件の「センター」も、大阪に替わる。",
             "Osaka takes over. With this one message it leads, and is the center of the case."),
        body={"worker_seat": "center-27.case_worker"},
        then="lead_transferred", recipients={TOKYO: ALL}, lead=OSAKA,
        elsewhere=(Elsewhere(p.case, "seeking_placement", (OSAKA, PROBATION, PRISON)),),
    )
    yield Opens(
        who=TOKYO, thread=p.case, message=p.request,
        tale=Text("もう当事者ではないので、受け取った依頼書を開けない。",
                  "No longer a party, it cannot open the request that it was sent."),
        opened="", because="party_ended",
    )


def _move_release(p: HomePlot) -> Iterator[Scene]:
    yield p.case.says(
        OSAKA, "agree_placement", p.before(50),
        Text("大阪で、グループホームの内定を得た。", "A group home in Osaka will take him."),
        body=papers.placement(p.release),
        then="placement_agreed", recipients={PROBATION: ALL, PRISON: "C0"},
    )
    yield p.case.says(
        PRISON, "change_custody", p.before(30),
        Text("刑期を計算し直した結果、満期日が8日早まる。当事者の全員にすぐ伝わる。",
             "The term is computed anew: he comes out eight days earlier. All parties are told."),
        body=papers.custody_change(p.release + MOVED, p.release, p.before(30)),
        then="placement_agreed", recipients={PROBATION: ALL, OSAKA: ALL},
        facts={"release_on": p.release},
    )


def _withdraw_consent(p: HomePlot) -> Iterator[Scene]:
    yield p.case.decides(
        OSAKA, "withdraw_consent", p.before(20),
        Text("「もう誰にも知らせないでほしい」。本人が同意を撤回し、すべてが止まる。",
             "'Tell nobody any more.' He withdraws his consent, and everything stops."),
        body={"withdrawn_on": p.before(20).isoformat(), "method": "oral_recorded"},
        then="suspended_consent", recipients={PROBATION: ALL, PRISON: ALL},
        elsewhere=(Elsewhere(p.region, "suspended_consent", (TOKYO, OSAKA)),),
    )
    yield Opens(
        who=OSAKA, thread=p.region, message=p.request,
        tale=Text("さっきまで開けた依頼書が、もう開けない。",
                  "The request that opened before stays shut."),
        opened="C0", because="consent_withdrawn",
    )
    yield AskedBack(
        who=TOKYO, thread=p.case, followed_by=(PROBATION, OSAKA), on=p.before(20),
        tale=Text("当事者でなくなった東京にも、持っているものの返還・廃棄が求められる。廃棄して答える。",
                  "Tokyo, no longer a party, is asked for what it still holds."
                  " It destroys it, and says so."),
    )
    yield Refused(
        _prepare(
            p, p.before(18), Text("出所の準備も進められない。", "Nor can the release be prepared."),
            plan=True,
        ),
        "illegal_move",
    )
    yield p.case.decides(
        PROBATION, "renew_consent", p.before(14),
        Text("保護観察官が会って話し、大阪のセンターに限って、もう一度同意を得た。元の状態に戻る。",
             "An officer talks with him. He consents again, to Osaka alone, and all goes on."),
        body=papers.consent(p.again, p.before(14), ["center-27"], "regional"),
        then="placement_agreed", recipients={OSAKA: ALL, PRISON: "C0"},
        elsewhere=(Elsewhere(p.region, "lead_transferred", (TOKYO, OSAKA)),),
    )
    yield Opens(
        who=OSAKA, thread=p.region, message=p.request,
        tale=Text("依頼書が、また開ける。", "The request opens again."),
    )


def _make_ready(p: HomePlot) -> Iterator[Scene]:
    yield Refused(
        _prepare(
            p, p.before(10),
            Text("出所の日は役所の閉まる日なのに、その対応が書かれていない。",
                 "He comes out on a day on which offices are closed, and there is no plan for it."),
            plan=False,
        ),
        "guard_failed", "holiday_plan_for_closed_day",
    )
    yield _prepare(
        p, p.before(10),
        Text("閉庁日の対応を書き加えて、準備が整う。", "With a plan for that day all is ready."),
        plan=True,
    )


def _prepare(p: HomePlot, on: date, tale: Text, *, plan: bool) -> Sends:
    return p.case.says(
        OSAKA, "prepare_release", on, tale,
        body=papers.arrangement(p.release, plan=plan),
        then="release_ready", recipients={PROBATION: ALL, PRISON: "C0 C1 C3 C4"},
    )


def _go_home(p: HomePlot) -> Iterator[Scene]:
    released = p.case.says(
        PRISON, "released", p.release,
        Text("満期の朝、門を出る。", "In the morning he walks out."),
        body={"released_on": p.release.isoformat(), "release_kind": "full_term"},
        then="release_ready", recipients={PROBATION: ALL, OSAKA: ALL},
    )
    yield released
    yield Arrives(
        OSAKA, released.id,
        Text("「当日」の知らせとして届く。急ぎの度合いは内容から決まり、送り手は下げられない。",
             "It arrives as same_day: what is said decides on that, and no sender can lower it."),
        "same_day",
    )
    yield p.case.says(
        OSAKA, "settle", p.release,
        Text("グループホームに着いた。統計には、名前のない一件として数えられる。",
             "He has arrived. The statistics count one more, without a name."),
        body=papers.settlement(p.release),
        then="settled", recipients={PROBATION: ALL},
    )
    yield p.region.decides(
        OSAKA, "complete", p.today,
        Text("広域調整を終える。", "The regional coordination is over."),
        body={"completed_on": p.today.isoformat()},
        then="closed", recipients={TOKYO: ALL},
    )
    yield p.case.decides(
        OSAKA, "close", p.today,
        Text("帰住により終結する。", "Settled: the case is closed."),
        body={"close_reason": "settled", "closed_on": p.today.isoformat()},
        then="closed", recipients={PROBATION: ALL, PRISON: "C0"},
    )
    for who, tale in (
        (OSAKA, Text("ここまでの全てを束にして、通信を切って確かめる。一通抜けば、どれかが分かる。",
                     "All of it in one bundle, checked with no network. Take one message out of it,"
                     " and the check names it.")),
        (PRISON, Text("一部しか開けない刑務所の束も、同じように証明になる。",
                      "The bundle of the prison, which may open only a part, proves as much.")),
    ):
        yield Proves(who, p.case, tale)
# fmt: on
