"""The headers of answers, as the contract describes them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.api.wire.documented import both
from app.api.wire.problems.kinds import KINDS
from app.domain.text import Text

Schema = dict[str, Any]


def _header(text: Text, example: str | int) -> Schema:
    kind = "integer" if isinstance(example, int) else "string"
    return {"description": both(*text), "schema": {"type": kind}, "example": example}


HEADERS: Mapping[str, Schema] = {
    "X-Request-Id": _header(
        Text("この呼出しの番号。運用者が記録から探せる", "The call's id, for operators to find it"),
        "5f1c0a9be2d47710",
    ),
    "Cache-Control": _header(Text("写しを残してよいか", "Whether copies may be kept"), "no-store"),
    "Content-Language": _header(Text("答えの言葉", "The language of the answer"), "ja"),
    "Vary": _header(
        Text("答えがどのヘッダーによるか", "The headers on which the answer depends"),
        "Accept-Language",
    ),
    "Content-Security-Policy": _header(
        Text("頁として開かれたときに読み込めるもの", "What it may load when opened as a page"),
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
    "X-Content-Type-Options": _header(Text("常に nosniff", "Always nosniff"), "nosniff"),
    "Referrer-Policy": _header(Text("常に no-referrer", "Always no-referrer"), "no-referrer"),
    "X-Frame-Options": _header(Text("常に DENY", "Always DENY"), "DENY"),
    "RateLimit": _header(
        Text(
            "呼べる残りの回数と、元に戻るまでの秒数",
            "How many calls are left, and the seconds until all are again",
        ),
        '"client";r=5999;t=60',
    ),
    "RateLimit-Policy": _header(
        Text("数える相手、回数、その秒数", "Who is counted, how many calls, in how many seconds"),
        '"client";q=6000;w=60',
    ),
    "Retry-After": _header(Text("待つ秒数", "The seconds to wait"), 2),
    "WWW-Authenticate": _header(
        Text("どう認証するか", "How to authenticate"), 'Bearer realm="tsunagu", DPoP algs="ES256"'
    ),
    "Accept-Encoding": _header(Text("読める符号化", "The encoding that is read"), "identity"),
    "ETag": _header(Text("答えの版", "The version of the answer"), 'W/"7"'),
    "Content-Encoding": _header(
        Text("圧縮の方法。`Accept-Encoding` による", "How it is compressed, by `Accept-Encoding`"),
        "gzip",
    ),
    "Location": _header(Text("作られたものの場所", "Where what was made is"), "/v1/acts/…"),
    "Content-Disposition": _header(
        Text("保存するときのファイルの名", "The name of the file to save it as"),
        'inline; filename="disclosures.pdf"',
    ),
    "Pragma": _header(Text("常に no-cache", "Always no-cache"), "no-cache"),
}
"""Every header that an answer may have, but for those of the transport."""

_ALWAYS = (
    "X-Request-Id", "Cache-Control", "Content-Language", "Vary", "Content-Security-Policy",
    "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "RateLimit",
    "RateLimit-Policy",
)  # fmt: skip
_OF_CODES: Mapping[str, str] = {
    "not_authenticated": "WWW-Authenticate",
    "scope_missing": "WWW-Authenticate",
    "unsupported_encoding": "Accept-Encoding",
    **{code: "Retry-After" for code, kind in KINDS.items() if "retry_after" in kind.example},
}


def of_answer(own: Iterable[str]) -> Schema:
    """References to the headers that any answer may have, and to those of its own."""
    names = dict.fromkeys([*_ALWAYS, *own])
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def of_problems(codes: Iterable[str]) -> Iterator[str]:
    """The headers that problems with these codes have."""
    yield from (_OF_CODES[code] for code in codes if code in _OF_CODES)


def of_success(status: str, own: Iterable[str], *, conditional: bool) -> Iterator[str]:
    """The headers of an answer that refuses nothing."""
    if conditional:
        yield from ("ETag", "Content-Encoding")
    if status == "201":
        yield "Location"
    yield from own


UNCHANGED: Mapping[str, Any] = {
    "description": both("`If-None-Match` の版のまま", "Still the version of `If-None-Match`")
}
"""The answer to whoever has the version already."""
IF_NONE_MATCH: Mapping[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": both(
        "持っている版(ETag)。変わっていなければ 304 が返る",
        "The version that you have (ETag). If it has not changed, the answer is 304",
    ),
    "schema": {"type": "string"},
    "example": 'W/"7"',
}
"""The parameter by which a caller says which version it has."""
