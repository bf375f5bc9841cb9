"""`tsunagu serve` alone."""

import os
import subprocess
import sys
from pathlib import Path


def test_a_start_that_is_refused_says_why_in_one_sentence(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if "TSUNAGU" not in name}
    process = subprocess.run(
        [sys.executable, "-m", "app.cli", "serve"],
        env={**environment, "TSUNAGU_PORT": "0", "TSUNAGU_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode != 0
    assert "Set TSUNAGU_DATABASE_URL" in process.stderr
    assert "Traceback" not in process.stderr
