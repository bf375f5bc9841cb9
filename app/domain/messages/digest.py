"""Digests over canonical JSON (RFC 8785), as an outsider can compute them again."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any

import orjson
import rfc8785

from app.domain.calendar.clock import JAPAN
from app.domain.classes import DataClass
from app.domain.messages.body import Body

LARGEST = 2**53 - 1
"""The largest whole number that RFC 8785 takes."""
_PLAIN_KINDS = frozenset({"string", "boolean", "null"})


def canonical(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value.

    Raises:
        rfc8785.CanonicalizationError: it has none.
    """
    # Measured: orjson with the check takes a tenth of the time.
    with suppress(orjson.JSONEncodeError):  # half of a surrogate pair: rfc8785 says so
        if _is_plain(value):
            return _dump_plain(value)
    return rfc8785.dumps(value)


def _dump_plain(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _is_plain(value: Any) -> bool:
    """Whether orjson writes `value` as RFC 8785 does: without fractions, names in ASCII."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is dict:
        names = all(type(name) is str and name.isascii() for name in value)
        return names and all(map(_is_plain, value.values()))
    if kind is list:
        return all(map(_is_plain, value))
    return kind is int and -LARGEST <= value <= LARGEST


def segments(body: Body) -> dict[DataClass, bytes]:
    """The canonical form of a body's fields, by class. Fields without a value are left out."""
    classes = body.classes()
    cut: dict[DataClass, dict[str, Any]] = {}
    for name, value in body.model_dump(mode="json", exclude_none=True).items():
        cut.setdefault(classes[name], {})[name] = value
    # Measured: looking at every value is two thirds of writing them, and the type tells as well.
    if _is_plain_type(type(body)):
        with suppress(orjson.JSONEncodeError):
            return {data_class: _dump_plain(fields) for data_class, fields in cut.items()}
    return {data_class: canonical(fields) for data_class, fields in cut.items()}


@cache
def _is_plain_type(kind: type[Body]) -> bool:
    """Whether every body of a type is plain, as its schema says."""
    schema = kind.model_json_schema(mode="serialization")
    return all(map(_is_plain_schema, (schema, *schema.get("$defs", {}).values())))


def _is_plain_schema(schema: Mapping[str, Any]) -> bool:
    if "$ref" in schema:
        return True  # to one of the definitions, which are looked at too
    if "anyOf" in schema:
        return all(map(_is_plain_schema, schema["anyOf"]))
    kind = schema.get("type")
    if kind == "array":
        return _is_plain_schema(schema.get("items", {}))
    if kind == "object":
        parts: Mapping[str, Any] = schema.get("properties", {})
        closed = schema.get("additionalProperties") is False
        return closed and all(n.isascii() and _is_plain_schema(s) for n, s in parts.items())
    return kind in _PLAIN_KINDS or (kind == "integer" and _is_small(schema))


def _is_small(schema: Mapping[str, Any]) -> bool:
    least, most = schema.get("minimum", -LARGEST - 1), schema.get("maximum", LARGEST + 1)
    return bool(-LARGEST <= least <= most <= LARGEST)


def with_salt(fields: bytes, salt: str) -> bytes:
    """The canonical form of `{"fields": …, "salt": …}`, which is sealed as a segment.

    Args:
        fields: the canonical form of the fields.
        salt: base64url, without padding, of 16 random bytes.
    """
    # Canonical JSON sorts names, and `fields` comes before `salt`; neither needs an escape.
    return b'{"fields":' + fields + b',"salt":"' + salt.encode() + b'"}'


def sha256(data: bytes) -> str:
    """A digest as it is written on the wire."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def wire_time(at: datetime) -> str:
    """A moment as it is written on the wire: RFC 3339 in Japan's time, with milliseconds.

    What is signed or digested must be written in one way, whatever offset a moment came with.
    """
    return at.astimezone(JAPAN).isoformat(timespec="milliseconds")


def message_digest(envelope: Mapping[str, Any], class_digests: Mapping[DataClass, str]) -> str:
    """The digest of a message.

    Args:
        envelope: id, referral_id, type, from (agency_id and seat_id), occurred_on, legal_basis and
            accepted_at, as they are stored.
        class_digests: the digest of each segment.
    """
    named = {data_class.value: digest for data_class, digest in class_digests.items()}
    return sha256(_dump_plain({**envelope, "segments": named}))
