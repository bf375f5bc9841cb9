"""`tsunagu verify`: verify an evidence bundle offline."""

import json
from codecs import BOM_UTF8
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.auth.jwt import VerifyingKey
from app.cli.evidence.findings import BundleProblem, Verdict
from app.cli.evidence.opened import Trust, keys_of, log_keys_of, strict_json
from app.cli.evidence.verification import Baseline, verify_parts
from app.cli.evidence.words import report_lines
from app.domain.evidence.bundle import LARGEST
from app.domain.log.signed_note import VerifierKey

_EXIT = {Verdict.VERIFIED: 0, Verdict.BAD: 1, Verdict.INCOMPLETE: 2}


BundleFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="BUNDLE...",
        exists=True,
        dir_okay=False,
        readable=True,
        help="束。分かれていれば全て / the bundle (zip), or all parts of one.",
    ),
]
Keys = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="別の道で得た JWKS / the service's JWKS, from elsewhere."
    ),
]
LogKey = Annotated[
    list[str] | None,
    typer.Option(help="別の道で得た記録の鍵 / the log's key, from elsewhere: name+id+base64."),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="前のチェックポイント / an earlier one."),
]
Since = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="前に取った束 / an earlier bundle of the same case."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON で答える / answer as JSON.")]
Lang = Annotated[
    Literal["ja", "en"], typer.Option("--lang", help="答えの言葉 / language of the answer.")
]


def verify_bundle(
    bundles: BundleFiles,
    keys: Keys = None,
    log_key: LogKey = None,
    checkpoint: Checkpoint = None,
    since: Since = None,
    as_json: AsJson = False,
    language: Lang = "ja",
) -> None:
    """証拠の束を確かめる。通信も、アカウントも、設定も要らない。 Verify an evidence bundle offline.

    終了コード: 0 確かめられた、1 おかしい(最初の一つを示す)、2 まだ証明されていないものがある。

    Exit code: 0 verified, 1 something is wrong (the first bad thing is named), 2 not all is
    proved, or the command could not be carried out.
    """
    baseline = Baseline(
        Trust(_receipt_keys(keys), _log_keys(log_key)),
        _text(checkpoint),
        _read(since) if since else None,
    )
    findings = verify_parts([_read(bundle) for bundle in bundles], baseline)
    if as_json:
        print(json.dumps(findings.as_json(), ensure_ascii=False))
    else:
        print("\n".join(report_lines(findings, language)))
    raise typer.Exit(_EXIT[findings.verdict])


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)  # one byte more than is accepted


def _text(path: Path | None) -> str | None:
    return _read(path).decode(errors="replace") if path else None


def _receipt_keys(path: Path | None) -> dict[str, VerifyingKey] | None:
    if path is None:
        return None
    try:
        return keys_of(strict_json(_read(path).removeprefix(BOM_UTF8)), None)
    except BundleProblem as problem:
        reason = (
            problem.__cause__ if isinstance(problem.__cause__, ValueError) else "no set of keys"
        )
        raise typer.BadParameter(
            f"{path}: not a JWKS of P-256 keys ({reason})", param_hint="--keys"
        ) from None
    except (ValueError, RecursionError):
        raise typer.BadParameter(f"{path}: not JSON", param_hint="--keys") from None


def _log_keys(lines: list[str] | None) -> tuple[VerifierKey, ...] | None:
    if not lines:
        return None
    try:
        # As they are published: a line for each, if there was an earlier one.
        return log_keys_of([line for each in lines for line in each.lstrip("\ufeff").split()], None)
    except BundleProblem:
        raise typer.BadParameter(
            "not a key of a log: name+id+base64", param_hint="--log-key"
        ) from None
