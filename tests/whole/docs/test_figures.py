"""Figures that the pages promise are those of the code, in both languages.

Tests of behaviour take many of these from the code, so they would go on with other ones.
"""

from datetime import timedelta

import pytest

from app.adapters.disclosures.listing import MOST_LOOKED_AT
from app.adapters.inbox import waiting
from app.adapters.inbox.inboxes import MOST_ACKNOWLEDGED
from app.adapters.keys import checkpoint_keys, over_socket, rewrapping
from app.adapters.log import sealer
from app.adapters.referrals import reading
from app.adapters.webhooks import connections, courier, safe_http, webhooks
from app.api.service.metrics import COARSE
from app.api.wire import json_body, rates
from app.api.wire.problems.answers import MOST_ERRORS
from app.auth import dpop, signing_keys, tokens
from app.cli.keys.session import RELOADED_WITHIN
from app.cli.processes import http_limits
from app.cli.processes.connections import reserve_of
from app.domain.administration.details import SECRET_LIVES
from app.domain.cases.stops import MOST_RETURNS
from app.domain.decisions.decide import MOST_CHILDREN
from app.domain.disclosures.summary import LINES
from app.domain.evidence.bundle import LARGEST, MOST_ENTRIES, MOST_MESSAGES
from app.domain.webhooks import notices
from tests.support.pages import ROOT

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DAY = timedelta(days=1)

FIGURES: list[tuple[str, object, object, str, str]] = [
    ("access", dpop.PROOF_LIFE, MINUTE, "once, within 60 seconds", "60秒以内に一度だけ"),
    ("access", tokens.SKEW, 30 * SECOND, "ahead by up to 30 seconds", "時計の進みは30秒まで"),
    ("access", rates.CLIENTS_OF_AN_AGENCY, 4, "four times as many", "その4倍"),
    ("access", rates.TOKENS_OF_ONE_ADDRESS, 10, "ten times as many for the", "その10倍"),
    ("access", rates.STRANGERS_AT_ONCE, 16, "16 calls at a time", "同時に 16 まで"),
    ("access", rates.MILLISECONDS_OF_A_STRANGER, 15_000, "15 seconds of work", "仕事 15 秒"),
    ("access", http_limits.HEAD_TIME, 10.0, "head has to arrive within 10", "ヘッダーは10秒"),
    ("access", http_limits.BODY_TIME, 30.0, "a body within 30 (10", "本文は30秒"),
    ("access", http_limits.BODY_TIME_OF_STRANGERS, 10.0, "(10 without a", "取らない経路では10秒"),
    ("access", http_limits.PAUSE, 1.0, "is read a second later", "要求は一秒後"),
    ("access", reserve_of(4_096), 4_096 // 8, "An eighth of them", "その八分の一"),
    ("access", reading.OPENINGS_OF_AN_AGENCY, 3, "Three calls of an agency", "機関で三つ"),
    ("access", reading.OPENINGS_AT_ONCE, 2, "two of them of one client", "システムで二つまで"),
    ("access", reading.WAIT_FOR_TURN, 5.0, "wait for five seconds", "5秒まで待ちます"),
    ("access", MOST_CHILDREN, 50, "at most 50 referrals", "50 まで"),
    ("administration", SECRET_LIVES, HOUR, "within one hour", "1時間のうちに"),
    ("consents", MOST_RETURNS, 2, "may be set going again twice", "二度まで再開できます"),
    ("disclosures", LINES, 500, "some 500 lines", "約500行"),
    ("disclosures", MOST_LOOKED_AT, 500, "no more than 500 messages", "合わせて500件まで"),
    ("evidence", MOST_MESSAGES, 500, "(500 messages, 64 MiB)", "(500 通、64 MiB)"),
    ("evidence", LARGEST, 64 * 2**20, "(500 messages, 64 MiB)", "(500 通、64 MiB)"),
    ("evidence", MOST_ENTRIES, 10_000, "newest 10,000", "新しい 10,000 項目"),
    ("inbox", MOST_ACKNOWLEDGED, 1_000, "at most 1,000 items", "1,000件まで"),
    ("inbox", waiting.MOST_WAITING, 64, "When 64 calls", "64 件"),
    ("inbox", waiting.MOST_OF_A_CLIENT, 48, "48 of one client", "48 件"),
    ("inbox", waiting.MOST_IN_ALL, 2_048, "2,048 calls wait", "2,048 件"),
    ("keys", signing_keys.PUBLISHED_BEFORE, 10 * MINUTE, "for ten minutes", "10分間公開"),
    ("keys", RELOADED_WITHIN, 3 * SECOND, "three seconds later", "三秒後から"),
    ("keys", rewrapping.BATCH, 200, "at most 200 rows", "一度に200行まで"),
    ("keys", over_socket.PATIENCE, 2.0, "at most two seconds", "2秒までです"),
    ("keys", over_socket.LONGEST, 4 * 2**20, "at most 4 MiB", "4 MiB まで"),
    ("log", checkpoint_keys.OVERLAP, 30 * DAY, "for 30 days", "30日の間"),
    ("log", sealer.BATCH, 1_000, "up to a thousand", "1000件まで"),
    ("log", COARSE, 1_000, "in whole thousands", "千件単位"),
    ("text", MOST_ERRORS, 50, "50 errors", "50 の誤り"),
    ("text", json_body.DEEPEST, 100, "100 levels", "深さは 100"),
    ("text", json_body.SMALL, 32 * 1024, "32 KiB", "32 KiB"),
    ("webhooks", webhooks.OVERLAP, DAY, "For 24 hours", "24時間は"),
    ("webhooks", courier.FAILING, 3, "failed three times in a row", "続けて3回失敗"),
    ("webhooks", courier.WINDOW, 16, "up to 16 at the same time", "同時に16件まで"),
    ("webhooks", courier.MOST_AT_A_HOST, 64, "at most 64 notices", "64件まで"),
    ("webhooks", connections.KEPT_OPEN, 4.0, "kept for 4 seconds", "4秒保ちます"),
    ("webhooks", safe_http.TIMEOUT, 10.0, "ends after 10 seconds", "10秒で諦め"),
    ("webhooks", notices.CHALLENGES, 6, "up to six times", "6回まで"),
    ("webhooks", notices.LONGEST_ASKED, 12 * HOUR, "and 12 hours", "12時間の間"),
]


@pytest.mark.parametrize(("page", "found", "promised", "english", "japanese"), FIGURES)
def test_what_a_page_promises_in_figures_is_what_the_code_has(
    page: str, found: object, promised: object, english: str, japanese: str
) -> None:
    assert found == promised
    for language, words in (("en", english), ("ja", japanese)):
        text = (ROOT / "docs" / language / f"{page}.md").read_text()
        assert words in text.replace("**", "")
