"""A setting that cannot be is named in a sentence, and its value is not repeated."""

import sys

import pytest

from app.cli import main

WRONG = {
    "TSUNAGU_WEBHOOK_NETWORKS": ("127.0.0.0/8", "127.0.0.0/8: nothing is ever sent there"),
    "TSUNAGU_RATE_LIMIT": ("many", "Input should be a valid integer"),
    "TSUNAGU_CLOCK": ("tomorrow", "Input should be a valid timedelta"),
    "TSUNAGU_API_DATABASE_URL": ("mysql://u:secret@h/d", "must be of the form postgresql://"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_one_line_and_no_traceback(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    value, said = WRONG[name]
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["tsunagu", "worker"])
    with pytest.raises(SystemExit) as ended:
        main()
    line = str(ended.value.code)
    assert line.startswith(f"{name}: {said}")
    assert "\n" not in line
    assert "secret" not in line
