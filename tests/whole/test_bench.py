"""The bench measures everything that it promises; at this size the figures mean nothing."""

import asyncio
import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.delivery import PEERS
from bench.load import Load, measure
from bench.report import PLAIN, Goal, goals, ratio


def test_a_quick_run_measures_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bench.json"
    assert main(["--quick", "--peers", "--json", str(file)]) == 0
    results = json.loads(file.read_text())
    served = (
        "submit 16",
        PLAIN,
        "submit 1",
        "later message 16",
        "poll of 10,000",
        "read 50 messages",
    )
    for name in served:
        sample = results["medians"][name]
        assert sample["per_second"] > 0
        assert 0 < sample["p50_ms"] <= sample["p99_ms"]
    # CPU time is counted in ticks of 10 ms: of a sample as short as these it can be none.
    assert sum(results["medians"][name]["server_us"] for name in served) > 0
    assert results["medians"]["pgbench 16"]["per_second"] > 0
    assert set(results["growth"]["calls"]["accept"]) == {"1000", "10000"}
    # PostgreSQL tells of the sample before up to a second later: fsyncs mean nothing in this haste.
    without = results["medians"]["submit 16 without database"]["postgres_us"]
    assert without < results["medians"]["submit 16"]["postgres_us"]
    assert results["medians"]["wake 50"]["slowest_ms"] > 0
    assert set(results["buffers"]) == {"10000", "20000"}
    assert min(results["parts_us"].values()) >= 0
    assert len(results["goals"]) == 9
    samples, touched = results["samples"], {int(n): p for n, p in results["buffers"].items()}
    names = {goal.name for goal in goals(samples, touched)}
    assert names == {goal["name"] for goal in results["goals"]}
    del samples[PLAIN]
    left_out = names - {goal.name for goal in goals(samples, touched)}
    assert left_out == {"submits against a plain SQLModel stack doing the same"}
    assert len(results["trust_us"]) == 4
    assert all(cost["whole"] > 0 for cost in results["trust_us"])
    assert results["medians"]["submit 16, nothing sealed"]["caught_up_per_second"] > 0
    couriers = ("ours", *(peer for peer in PEERS if find_spec(peer)))
    assert set(results["deliveries"]["samples"]) == {
        f"{courier} {delay} ms" for courier in couriers for delay in (0, 30)
    }
    assert len(results["deliveries"]["idle_ms"]) == 10
    assert results["log"]["sealed_per_second"] > 0
    assert results["log"]["proofs_ms"]["inclusion proof of 10,000"]["hashes"] == 14
    assert {len(each["ratio"]) for each in results["hostile"].values()} == {2}
    assert len(results["hostile"]) == 10
    assert not sum(each["not_ready"] for each in results["hostile"].values())
    printed = capsys.readouterr().out
    assert all(goal["name"] in printed for goal in results["goals"])


async def test_a_sample_that_is_too_short_for_an_answer_goes_on_until_there_is_one() -> None:
    async with await asyncio.start_server(_answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        outcome = await measure(Load(port, 1, 0.0, 0.0, ["GET / HTTP/1.1\r\n\r\n"]), lambda _: None)
    assert outcome.count
    assert not outcome.refused


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(100):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    writer.close()


def test_a_ratio_is_taken_within_each_round() -> None:
    samples = {
        "a": [{"x": 1.0}, {"x": 30.0}, {"x": 2.0}],
        "b": [{"x": 1.0}, {"x": 10.0}, {"x": 1.0}],
    }
    assert ratio(samples, "a", "b", "x") == 2.0


def test_a_goal_says_whether_it_was_reached() -> None:
    assert Goal("g", 0.3, 0.3, at_most=False).reached
    assert not Goal("g", 0.29, 0.3, at_most=False).reached
    assert not Goal("g", 101.0, 100.0, at_most=True).reached
    assert str(Goal("g", 101.0, 100.0, at_most=True)).startswith("NOT REACHED")
