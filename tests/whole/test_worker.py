"""The worker does the jobs of every subject that has any."""

from pathlib import Path

import pytest

from app import worker

SUBJECTS = sorted(path.parent.name for path in Path("app/adapters").glob("*/jobs.py"))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_worker_does_the_jobs_of_every_subject(subject: str) -> None:
    assert f"yield from {subject}.jobs(" in Path(worker.__file__).read_text()
