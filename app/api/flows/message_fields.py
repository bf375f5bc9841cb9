"""The fields of a message type, and where it comes from, as its page says them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.api.flows.field_notes import NOTES, SOURCES
from app.domain.messages.body import Body
from app.domain.text import Text

COLUMNS = Text(
    "項目 | 名称 | 種類 | 必須 | 形 | 備考",
    "Field | Japanese title | Class | Required | Form | Notes",
)
YES = Text("要", "yes")
OR = Text(" か ", " or ")
LIST_OF = Text("{} の並び", "list of {}")
OPEN_CODE = Text("符号(ほかの値も可)", "code (open)")
CODE = Text("符号", "code")

_PRIVATE = re.compile(r"domain reference|agreed tables$|common rows of the agreed tables")
_JAPANESE = re.compile(r"[぀-ヿ㐀-鿿々][぀-ヿ㐀-鿿々0-9第・]*")


def fields(body: type[Body], language: str) -> Iterator[tuple[str, ...]]:
    """A row for each field but `type`; codes stand between backticks."""
    shapes = body.model_json_schema()["properties"]
    for name in body.model_fields:
        if name != "type":
            yield _field(body, name, shapes[name], language)


def sources(body: type[Body], language: str) -> list[str]:
    """The sources of a type that a reader can look up."""
    public = (source for source in body.SOURCE.split("; ") if _is_public(source))
    return [_source(source, language) for source in public]


def _is_public(source: str) -> bool:
    """Whether it can be looked up: the notes and tables of the design are not published."""
    return bool(source) and not _PRIVATE.match(source)


def _source(source: str, language: str) -> str:
    return _JAPANESE.sub(r"「\g<0>」", source) if language == "en" else SOURCES.get(source, source)


def _field(body: type[Body], name: str, shape: Mapping[str, Any], language: str) -> tuple[str, ...]:
    field = body.model_fields[name]
    title, note = field.title or "", field.description or ""
    if title and language == "en":
        title = f"「{title}」"
    if language == "ja":
        note = NOTES.get(note, note)
    required = YES.in_language(language) if field.is_required() else ""
    return f"`{name}`", title, body.classes()[name], required, _form(shape, language), note


def _form(shape: Mapping[str, Any], language: str) -> str:
    """What kind of value a schema takes, in a word or two."""
    if "anyOf" in shape:
        forms = [_form(one, language) for one in shape["anyOf"] if one.get("type") != "null"]
        return OR.in_language(language).join(forms)
    if "x-known-values" in shape:
        return OPEN_CODE.in_language(language)
    if shape.get("type") == "array":
        return LIST_OF.in_language(language).format(_form(shape.get("items", {}), language))
    return _named_form(shape, language)


def _named_form(shape: Mapping[str, Any], language: str) -> str:
    if "$ref" in shape:
        return f"`{str(shape['$ref']).rpartition('/')[2]}`"
    name = shape.get("format") or shape.get("const") or shape.get("type")
    return f"`{name}`" if name else CODE.in_language(language)
