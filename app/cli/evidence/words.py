"""The findings in words, in Japanese and English."""

from collections.abc import Iterator

from app.cli.evidence.findings import BundleProblem, Findings, Verdict
from app.domain.text import Text

VERDICTS = {
    Verdict.VERIFIED: Text("確かめられました", "Verified"),
    Verdict.INCOMPLETE: Text(
        "おかしな点はありませんが、まだ証明されていないものがあります",
        "Nothing is wrong, but not all of it is proved",
    ),
    Verdict.BAD: Text("信用できません", "Not to be trusted"),
}
PROBLEMS = {
    "container": Text(
        "束の形ではない(圧縮や詰め直しをした、余分なものがある、または大きすぎる)",
        "not in the form of a bundle: compressed or packed anew, something added, or too large",
    ),
    "name": Text(
        "束にはない名前のファイルか、同じ名前が二つある",
        "a name that no bundle has, or the same name twice",
    ),
    "format": Text(
        "この形式(tsunagu-bundle/1)の目録ではない", "not a manifest of tsunagu-bundle/1"
    ),
    "missing": Text("ファイルがない", "the file is missing"),
    "changed": Text(
        "ファイルの中身が目録と違う(変えられている)",
        "the file is not what the manifest says: it was changed",
    ),
    "unknown": Text("目録にないファイルがある", "the manifest does not name this file"),
    "manifest": Text(
        "目録が、署名されたものではない(変えられている)",
        "the manifest is not the one that was signed: it was changed",
    ),
    "seal": Text("目録の署名が本物ではない", "the signature over the manifest is not genuine"),
    "untrusted": Text(
        "指定された鍵による署名ではない", "none of the keys that you gave has signed it"
    ),
    "keys": Text("鍵として読めない", "the keys cannot be read"),
    "order": Text(
        "通信文の番号が続いていないか、同じものが二つある",
        "the messages are not numbered without a gap, or one is there twice",
    ),
    "message": Text(
        "通信文の形が違うか、目録にあるものではない",
        "not a message, or not the one of the manifest",
    ),
    "fields": Text(
        "開かれた項目が、その区分のダイジェストに合わない",
        "the opened fields do not give the digest of their class",
    ),
    "digest": Text(
        "封筒と区分が、通信文のダイジェストに合わない",
        "envelope and classes do not give the message's digest",
    ),
    "receipt": Text("受領証が本物ではないか、別のもの", "the receipt is not genuine, or another's"),
    "checkpoint": Text(
        "チェックポイントの署名が本物でないか、目録と違う",
        "the checkpoint is not genuine, or not the one of the manifest",
    ),
    "entry": Text(
        "記録の項目がこの件・この機関のものではないか、並びが違う",
        "an entry of the log is not of this case and agency, or out of order",
    ),
    "proof": Text("その項目は記録に含まれていない", "the entry is not in the log"),
    "unlogged": Text(
        "この通信文が受け付けられたことが、記録にない",
        "the log does not say that this message was accepted",
    ),
    "unshown": Text(
        "記録にある通信文が、束に入っていない(抜かれている)",
        "the log tells of a message that is not in the bundle: it was left out",
    ),
    "rolled_back": Text(
        "記録が、前のチェックポイントの続きではない(巻き戻された。または、渡した方が束より新しい)",
        "the log does not go on from that checkpoint: rolled back, or the bundle is the older one",
    ),
    "earlier": Text(
        "前のチェックポイントか前の束が、それとして使えない",
        "the earlier checkpoint or bundle cannot be used as such",
    ),
    "mixed": Text(
        "同じ事案と機関の束ではない",
        "the bundles are not of one case and one agency",
    ),
    "shrunk": Text(
        "前の束にある通信文が、ないか、変わっている",
        "a message of the earlier bundle is gone, or is another",
    ),
}
WARNINGS = {
    "pending": Text(
        "まだ記録に封じられていない通信文がある。約束の時刻のあとで束を取り直す",
        "entries of messages are not sealed yet; fetch the bundle again after the promised time",
    ),
    "left_out": Text(
        "通信文の証明に要らない古い記録は省かれている",
        "older entries that prove no message were left out",
    ),
    "part": Text(
        "事案の一部だけの束。ほかの束と一緒に渡せば、全てそろうかを確かめる",
        "a part of the case: give the other parts with it, to check that they are the whole",
    ),
    "no_consistency_proof": Text(
        "前のチェックポイントからの整合性証明がない。?since=件数 を付けて取り直す",
        "there is no proof from that checkpoint; fetch the bundle again with ?since=its size",
    ),
    "keys_not_pinned": Text(
        "鍵は束に入っていたもので、誰が作った束かは示されていない。サービスの鍵を、知っている"
        "アドレスの /.well-known/jwks.json と /.well-known/log-keys から(または機関に尋ねて)得て、"
        "--keys と --log-key で渡す。束に入っていた鍵の指紋は次のとおり",
        "the keys came with the bundle, so it is not proved who made it: get the service's from"
        " /.well-known/jwks.json and /.well-known/log-keys at the address that you know (or ask an"
        " agency), and give them with --keys and --log-key. The keys in the bundle are",
    ),
}
_COUNTS = Text(
    "通信文 {messages} 通(開いた区分 {opened}、伏せた区分 {withheld})、受領証 {receipts}、"
    "記録 {entries} 件(未封 {pending})",
    "{messages} messages ({opened} classes opened, {withheld} withheld), {receipts} receipts,"
    " {entries} log entries ({pending} not sealed)",
)
_ERASED = Text(
    "消去済み {file} {kind}: {at}({why})。ダイジェストと記録は確かめられました",
    "erased {file} {kind}: {at} ({why}); its digest and the log verify",
)


def report_lines(findings: Findings, language: str) -> Iterator[str]:
    """The lines that `tsunagu verify` prints."""
    yield VERDICTS[findings.verdict].in_language(language)
    for problem in findings.problems:
        yield f"  ✗ {_problem_line(problem, language)}"
    if findings.problems:
        return
    report = findings.as_json()
    yield "  " + _COUNTS.in_language(language).format(**report["counts"])
    point = findings.checkpoint
    yield f"  {point['origin']}  {point['size']}  {point['root']}"
    for each in findings.erased:
        at, why = each.erased_at or "?", each.because or "?"
        line = _ERASED.in_language(language)
        yield "  " + line.format(file=each.file, kind=each.data_class, at=at, why=why)
    for warning in findings.warnings:
        yield f"  ! {WARNINGS[warning].in_language(language)}"
    if "keys_not_pinned" in findings.warnings:
        yield from (f"    {key}" for key in [*findings.receipt_keys, *findings.log_keys])


def _problem_line(problem: BundleProblem, language: str) -> str:
    place = " ".join(part for part in (problem.file, problem.at) if part)
    text = PROBLEMS[problem.code].in_language(language)
    return f"{place}: {text} [{problem.code}]" if place else f"{text} [{problem.code}]"
