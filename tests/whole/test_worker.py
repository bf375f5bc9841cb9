"""The worker does the jobs of every subject that has any."""

import asyncio
import logging
from pathlib import Path

import pytest

from app import worker
from app.adapters.job import ContinuousJob, Job, PeriodicJob

SUBJECTS = sorted(path.parent.name for path in Path("app/adapters").glob("*/jobs.py"))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_worker_does_the_jobs_of_every_subject(subject: str) -> None:
    assert f"yield from {subject}.jobs(" in Path(worker.__file__).read_text()


@pytest.mark.parametrize("kind", ["periodic", "continuous"])
async def test_a_job_that_fails_begins_again_and_its_error_is_logged_without_its_text(
    kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "AFTER_FAILURE", 0.01)
    stop = asyncio.Event()
    steps = 0

    async def step() -> int:
        nonlocal steps
        steps += 1
        if steps < 3:
            raise ValueError("山田太郎")
        stop.set()
        return 0

    async def run(_stop: asyncio.Event) -> None:
        await step()

    job: Job = PeriodicJob(step) if kind == "periodic" else ContinuousJob(run)
    with caplog.at_level(logging.ERROR):
        await worker.run_job(stop, job)
    assert steps == 3
    assert [record.getMessage().split(" at ")[0] for record in caplog.records] == [
        "a job failed and begins again in 0 s: ValueError"
    ] * 2
    assert "山田" not in caplog.text
