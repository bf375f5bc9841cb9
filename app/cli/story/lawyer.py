"""A lawyer's inquiry: the center helps the defence, and the prosecution sees no trace of it."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import uuid4

from app.cli.story import custody_papers as papers
from app.cli.story.cast import BAR, PROBATION, PROSECUTOR, TOKYO
from app.cli.story.scene import ALL, Arrives, Chapter, Hidden, Scene, Thread
from app.domain.text import Text


def scenes(today: date) -> Iterator[Scene]:
    """The scenes of the chapter, which ends today."""
    case = Thread("defence_support")
    yield CHAPTER
    yield from _inquire(case, today)
    yield from _support_defence(case, today)
    yield from _close(case, today)


CHAPTER = Chapter(
    Text("第三話 弁護人の依頼", "Chapter 3: A lawyer's inquiry"),
    Text(
        "起訴された見本 次郎さんのために、弁護人がセンターに相談する。検察庁に知られてはならない。",
        "A lawyer asks the center on behalf of a client, Mihon Jiro. The prosecution"
        " must not learn of it.",
    ),
    (BAR, TOKYO, PROSECUTOR, PROBATION),
)


# fmt: off
# A scene is read like a line of a script: who, what, when, and what the audience is told.


def _inquire(case: Thread, today: date) -> Iterator[Scene]:
    on = today - timedelta(days=40)
    yield case.opens(
        BAR, "inquire", on,
        Text("弁護人が依頼する。弁護人限りの情報(C8)は、このやりとりの外へ出ない。",
             "Counsel asks. What is privileged (C8) never leaves this exchange."),
        body=papers.inquiry(uuid4(), on, today),
        envelope={"to": {"center": "center-13"}},
        then="inquired", recipients={TOKYO: ALL}, facts={"response_due": today},
    )
    yield Arrives(
        TOKYO, case.id,
        Text("受信箱で受け取り、受領を記録する。", "It comes into the inbox and is acknowledged."),
    )
    yield Hidden(
        PROSECUTOR, case,
        Text("この案件を名指しで開こうとしても、存在しない番号とまったく同じ答え。一覧にもない。",
             "Asked for by its number, it looks exactly like a number that never was."),
    )


def _support_defence(case: Thread, today: date) -> Iterator[Scene]:
    yield case.decides(
        TOKYO, "accept", today - timedelta(days=37),
        Text("センター長が受任する。", "The director accepts."),
        body={"worker_seat": "center-13.case_worker", "worker_name": "架空 担当"},
        then="accepted", recipients={BAR: ALL},
    )
    yield case.says(
        TOKYO, "visit", today - timedelta(days=33),
        Text("弁護人と一緒に面会する。弁護人に届くのも、面会の事実だけ。",
             "A visit together with counsel, who is sent the fact of it alone."),
        body=papers.counsels_visit(today - timedelta(days=33)),
        then="visiting", recipients={BAR: "C0"},
    )
    yield case.says(
        TOKYO, "share_plan", today - timedelta(days=20),
        Text("福祉サービス等調整計画を弁護人と共有する。",
             "The plan of services is shared with counsel."),
        body=papers.shared_plan(),
        then="plan_shared", recipients={BAR: ALL},
    )


def _close(case: Thread, today: date) -> Iterator[Scene]:
    yield case.decides(
        BAR, "report_outcome", today - timedelta(days=6),
        Text("執行猶予の判決。弁護人がセンターに知らせる。",
             "The sentence is suspended, counsel tells the center."),
        body=papers.outcome(today - timedelta(days=6)),
        then="community_support", recipients={TOKYO: ALL},
    )
    yield case.decides(
        TOKYO, "close", today,
        Text("住まいが落ち着き、終結する。", "He has settled. The case is closed."),
        body={"close_reason": "settled", "closed_on": today.isoformat()},
        then="closed", recipients={BAR: ALL},
    )
    for who in (PROSECUTOR, PROBATION):
        yield Hidden(
            who, case,
            Text("終わった後も、何も見えない。",
                 "Even now that it is over, there is nothing to see."),
        )
# fmt: on
