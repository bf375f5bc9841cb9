"""Twenty days: a woman in custody, an objection lifted in time, and a bed for the first night."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from uuid import UUID, uuid4

from app.cli.story import custody_papers as papers
from app.cli.story.cast import BAR, OSAKA, PROBATION, PROSECUTOR, TOKYO
from app.cli.story.scene import ALL, Chapter, Hidden, Opens, Refused, Scene, Sends, Thread
from app.domain.state_machine.guards import months_after
from app.domain.text import Text

BEGAN = timedelta(days=12)
"""How long ago detention was asked for; the story ends today, on the thirteenth day."""


@dataclass(frozen=True, slots=True)
class TwentyDaysPlot:
    """What the scenes share. Days count from 1, the day on which detention was asked for."""

    today: date
    case: Thread = field(default_factory=lambda: Thread("suspect_support"))
    consent: UUID = field(default_factory=uuid4)
    readiness: UUID = field(default_factory=uuid4)

    def day(self, number: int) -> date:
        """The n-th day of detention."""
        return self.today - BEGAN + timedelta(days=number - 1)


def scenes(today: date) -> Iterator[Scene]:
    """The scenes of the chapter, which ends today."""
    plot = TwentyDaysPlot(today)
    yield replace(CHAPTER, day1=plot.day(1))
    for part in (_consult, _obtain_consent, _object, _ask_center, _make_ready, _set_free):
        yield from part(plot)


CHAPTER = Chapter(
    Text("第二話 二十日間", "Chapter 2: Twenty days"),
    Text(
        "架空 花子さん(80歳)は万引きで勾留された。住まいがない。勾留は最長で20日。時計が進む。",
        "Kakuu Hanako, eighty, is held for shoplifting. She has no home. Detention lasts twenty"
        " days at most, and the clock is running.",
    ),
    (PROSECUTOR, PROBATION, TOKYO, OSAKA, BAR),
)


# fmt: off
# A scene is read like a line of a script: who, what, when, and what the audience is told.


def _consult(p: TwentyDaysPlot) -> Iterator[Scene]:
    yield p.case.opens(
        PROSECUTOR, "consult", p.day(1),
        Text("検察庁が保護観察所に相談する。名前を書く欄は、そもそもない。勾留の時計が動き出す。",
             "The prosecutors consult. There is no field for a name. The clock starts."),
        body=papers.consultation(p.day(1)),
        then="consulted", recipients={PROBATION: ALL},
        facts={"detention_end10": p.day(10), "detention_end20": p.day(20)},
    )
    yield p.case.says(
        PROBATION, "answer_consultation", p.day(2),
        Text("実施できそうだと答える。", "Support looks possible."),
        body={"feasible": "yes", "answered_on": p.day(2).isoformat()},
        then="consulted", recipients={PROSECUTOR: ALL},
    )


def _obtain_consent(p: TwentyDaysPlot) -> Iterator[Scene]:
    yield Refused(
        _explain(
            p, 4, Text("説明が四つまで。五つ目の「同意しても処分は変わらない」がまだ。",
                       "Four of five are explained; not that consent changes no disposition."),
        ),
        "guard_failed", "explained_all_items",
    )
    yield _explain(
        p, 5, Text("五つの事項をすべて、やさしい言葉で説明した。", "Now all five, in easy words.")
    )
    yield p.case.says(
        PROSECUTOR, "consent", p.day(3),
        Text("本人が同意した。ここではじめて名前が伝わる。",
             "She consents. Only now her name is told."),
        body=papers.consent(p.consent, p.day(3)),
        then="consented", recipients={PROBATION: ALL},
    )


def _explain(p: TwentyDaysPlot, count: int, tale: Text) -> Sends:
    return p.case.says(
        PROSECUTOR, "explain", p.day(2), tale,
        body={
            "explained_items": papers.ITEMS[:count],
            "explained_on": p.day(2).isoformat(),
            "communication_aids": ["easy_japanese"],
        },
        then="explained", recipients={PROBATION: ALL},
    )


def _object(p: TwentyDaysPlot) -> Iterator[Scene]:
    yield p.case.decides(
        PROBATION, "ask_opinion", p.day(3),
        Text("保護観察所が検察官の意見を聴く(更生保護法83条の2)。",
             "The probation office hears the prosecutor, as the law asks."),
        body={"response_due": p.day(6).isoformat()},
        then="opinion_pending", recipients={PROSECUTOR: ALL}, facts={"response_due": p.day(6)},
    )
    yield p.case.decides(
        PROSECUTOR, "object", p.day(4),
        Text("捜査に支障があるとして、検察官が不相当の意見を述べる。すべて止まる。",
             "It would hinder the investigation: the prosecutor objects, and everything stops."),
        body={"stated_on": p.day(4).isoformat()},
        then="objection_stop", recipients={PROBATION: ALL}, facts={"objection": True},
    )
    yield Refused(
        _request_center(
            p, p.day(5), Text("この間、センターには頼めない。", "No center may be asked now.")
        ),
        "illegal_move",
    )
    yield p.case.decides(
        PROSECUTOR, "change_opinion", p.day(6),
        Text("6日目、意見が変わる。間に合った。",
             "On the sixth day the objection is lifted, in time."),
        body={"stated_on": p.day(6).isoformat()},
        then="adjusting", recipients={PROBATION: ALL}, facts={"objection": False},
    )


def _ask_center(p: TwentyDaysPlot) -> Iterator[Scene]:
    yield _request_center(
        p, p.day(6),
        Text("東京のセンターに依頼する。検察庁には、この依頼そのものが見えない。",
             "The Tokyo center is asked. The prosecutors do not see this message at all."),
    )
    yield p.case.decides(
        TOKYO, "accept", p.day(7),
        Text("受任して、面会の日を決める。検察庁には受任の事実だけ。",
             "It accepts and sets a day for the visit. The prosecutors learn that it accepted."),
        body={
            "worker_seat": "center-13.case_worker",
            "worker_name": "架空 担当",
            "first_visit_on": p.day(8).isoformat(),
        },
        then="center_accepted", recipients={PROBATION: ALL, PROSECUTOR: "C0"},
    )
    yield p.case.says(
        PROSECUTOR, "change_custody", p.day(9),
        Text("勾留が延長された。期限が計算し直され、全員に届く。",
             "Detention is extended. The day is computed anew, and everybody is told."),
        body=papers.extension(p.day(9), p.day(20)),
        then="center_accepted", recipients={PROBATION: ALL, TOKYO: ALL},
        facts={"extended_to": p.day(20)},
    )
    yield p.case.says(
        TOKYO, "visit", p.day(9),
        Text("15分の面会。記録はセンターの中にとどまる。",
             "A visit of fifteen minutes. What was said stays with the center."),
        body=papers.visit(p.day(9)),
        then="visiting", recipients={PROBATION: "C0"},
    )


def _request_center(p: TwentyDaysPlot, on: date, tale: Text) -> Sends:
    return p.case.decides(
        PROBATION, "request_center", on, tale,
        body=papers.request(p.consent, p.day(1), p.day(3)),
        then="center_requested", recipients={TOKYO: ALL},
        facts={"detention_end20": p.day(20)},
    )


def _make_ready(p: TwentyDaysPlot) -> Iterator[Scene]:
    yield p.case.says(
        TOKYO, "draft_provisional", p.day(11),
        Text("まず釈放の夜に眠る場所。計画は保護観察所へ、検察庁へは渡らない。",
             "First a bed for the first night. The plan goes to the office, not the prosecutors."),
        body=papers.plan(p.day(11)),
        then="provisional_plan", recipients={PROBATION: ALL},
    )
    yield p.case.says(
        TOKYO, "report_readiness", p.day(12),
        Text("調整ができたと報告する。", "All is arranged, it reports."),
        body={"readiness": "ready", "first_night_kind": "self_reliance_home"},
        then="disposition_wait", recipients={PROBATION: ALL, PROSECUTOR: "C0"}, id=p.readiness,
        facts={"readiness": "ready"},
    )
    yield Opens(
        who=PROSECUTOR, thread=p.case, message=p.readiness,
        tale=Text("読めるのは一語だけ。どこに泊まるのかも分からない。",
                  "It reads one word, and not even where she will sleep."),
        opened="C0", because="not_your_class",
        exactly={"type": "suspect_support.report_readiness", "readiness": "ready"},
    )


def _set_free(p: TwentyDaysPlot) -> Iterator[Scene]:
    yield p.case.decides(
        PROSECUTOR, "release_disposition", p.day(13),
        Text("起訴猶予で釈放。20日を待たずに、勾留の時計は止まる。",
             "Prosecution is suspended and she is free, before the twenty days. The clock stops."),
        body=papers.release(p.day(13)),
        then="released", recipients={PROBATION: ALL, TOKYO: ALL}, facts={"detention_end20": None},
    )
    yield p.case.says(
        PROBATION, "apply_relief", p.day(13),
        Text("本人が書面で更生緊急保護を申し出る。検察庁から見た状態は、もう動かない。",
             "She applies for relief in writing. For the prosecutors nothing moves any more."),
        body=papers.relief(p.day(13)),
        then="relief_applied", recipients={TOKYO: ALL},
    )
    end = months_after(p.day(13), 6)
    yield p.case.decides(
        PROBATION, "approve_relief", p.day(13),
        Text("重点実施を決定する。期間は6月以内。支援はここから続く。",
             "Priority support is granted, for six months at most. From here the work goes on."),
        body={
            "decided_on": p.day(13).isoformat(),
            "relief_from": p.day(13).isoformat(),
            "relief_until": end.isoformat(),
        },
        then="priority_support", recipients={TOKYO: ALL}, facts={"relief_until": end},
    )
    yield Hidden(
        BAR, p.case,
        Text("関わりのない機関には、この件があること自体が分からない。",
             "An agency that has no part in it cannot tell that it exists."),
    )
# fmt: on
