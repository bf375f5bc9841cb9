"""Lines of the log hold no text of an exception and no URL: a webhook's may have a secret in it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import app
from app.domain.errors import Invalid, raised_at

LEVELS = {"debug", "info", "warning", "error", "critical", "log"}
LOGS = {"log", "_log", "logger", "logging"}


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    """Each call of a logger in the service, with its file."""
    for file in Path(app.__file__).parent.rglob("*.py"):
        name = file.relative_to(Path(app.__file__).parents[1]).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=logger))) if logger in LOGS:
                    yield name, node


def holds_text(argument: ast.expr) -> bool:
    """Whether it may be the text of an exception, or an address."""
    source = ast.unparse(argument)
    if source.startswith(("raised_at(", "type(")):
        return False
    return any(word in source.lower() for word in ("error", "exception", "url", "secret"))


def test_no_log_call_prints_an_exception_or_a_url() -> None:
    found = [
        f"{file}:{call.lineno}"
        for file, call in log_calls()
        if isinstance(call.func, ast.Attribute)
        and (
            call.func.attr == "exception"
            or any(keyword.arg == "exc_info" for keyword in call.keywords)
            or (call.func.attr in LEVELS and any(map(holds_text, call.args[1:])))
            or (call.func.attr in LEVELS and isinstance(call.args[0], ast.JoinedStr))
        )
    ]
    assert found == []
    assert len(list(log_calls())) > 10


def test_of_an_exception_only_type_and_place_are_told() -> None:
    url = "https://user:word@receiver.example/hook?token=s3cret"
    try:
        raise ValueError(url)
    except ValueError as error:
        told = raised_at(error)
    assert told.startswith("ValueError at ")
    assert Path(__file__).name in told
    for part in ("word", "s3cret", "receiver.example"):
        assert part not in told
    refused = Invalid.at("/url", "url_credentials")
    assert "receiver" not in raised_at(refused)
