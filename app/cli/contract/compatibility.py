"""Names what in a new version of the contract breaks a client that was made for an older one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal, TypeAlias

Schema: TypeAlias = Mapping[str, Any]
Direction: TypeAlias = Literal["takes", "answers"]
"""Whether clients send what a schema describes, or receive it."""

_UPPER = ("maxLength", "maxItems", "maxProperties", "maximum")
_LOWER = ("minLength", "minItems", "minProperties", "minimum")
_EXACT = ("pattern", "format")
_REVIEWED = frozenset(
    {
        # All katakana, where some were refused: the newer takes what the older did.
        (
            r"^[ァ-ヶーヽヾ・\u3000 ]+$",
            r"^(?:[\u30a0-\u30ff\u31f0-\u31ffゝゞゟ\u3031-\u3035＝][\u3099\u309a]?|[\u3000 ])+$",
        ),
        # Codes of open sets: no known code is as long as 40 characters, and prose is none.
        (r"^[a-z0-9_]{1,64}$", r"^[a-z0-9_]{1,40}$"),
    }
)
"""Patterns, old and new, whose difference breaks no client. A test holds the reasons."""


def breaks(old: Schema, new: Schema) -> list[str]:
    """What breaks a client that was made for `old`, a sentence each, without repetition.

    It knows OpenAPI 3.1 as our contract uses it: `allOf`, `if`, `not` and the like are not looked
    into.
    """
    return list(dict.fromkeys(_Comparison(old, new).breaks()))


def is_new_major(old: Schema, new: Schema) -> bool:
    """Whether the new contract has a greater major version, and may break clients."""
    before, after = (int(each["info"]["version"].partition(".")[0]) for each in (old, new))
    return after > before


@dataclass(frozen=True)
class _Comparison:
    old: Schema
    new: Schema
    compared: set[tuple[str, str, Direction]] = field(default_factory=set)
    """Pairs of named schemas that were looked into: they refer to each other in circles."""

    def breaks(self) -> Iterator[str]:
        """All that breaks a client."""
        for name in self.old["components"]["schemas"]:
            if name not in self.new["components"]["schemas"]:
                yield f"the schema {name} is gone"
        for section in ("paths", "webhooks"):
            for place, old, new in self._pairs(section):
                if new is None:
                    yield f"{place} is gone"
                else:
                    yield from self._operation(place, old, new, called=section == "paths")

    def _pairs(self, section: str) -> Iterator[tuple[str, Schema, Schema | None]]:
        for path, methods in self.old.get(section, {}).items():
            for method, operation in methods.items():
                there = self.new.get(section, {}).get(path, {}).get(method)
                yield f"{method.upper()} {path}", operation, there

    def _operation(self, place: str, old: Schema, new: Schema, *, called: bool) -> Iterator[str]:
        """`called` is false for what the service sends to receivers of notices."""
        if old["operationId"] != new["operationId"]:
            yield f"{place} is called {new['operationId']}, not {old['operationId']}"
        yield from self._security(place, old.get("security", []), new.get("security", []))
        yield from self._parameters(place, old, new)
        yield from self._request_body(place, old, new, "takes" if called else "answers")
        if called:
            yield from self._responses(place, old["responses"], new["responses"])

    def _security(self, place: str, old: Sequence[Schema], new: Sequence[Schema]) -> Iterator[str]:
        for way in old or [{}]:
            if not any(_suffices(way, other) for other in new or [{}]):
                yield f"{place} asks for more than {_describe_authentication(way)}"

    def _parameters(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = self._by_name(self.old, old), self._by_name(self.new, new)
        for name, parameter in before.items():
            if name not in after:
                yield f"{place} has no {name} any more"
                continue
            schemas = parameter["schema"], after[name]["schema"]
            yield from self._schema(f"{place} takes {name}", *schemas, "takes")
        for name, parameter in after.items():
            was_required = before.get(name, {}).get("required", False)
            if parameter.get("required", False) and not was_required:
                yield f"{place} requires {name}"

    def _by_name(self, document: Schema, operation: Schema) -> dict[str, Schema]:
        parameters = (_follow_reference(document, p) for p in operation.get("parameters", ()))
        return {f"{p['name']} ({p['in']})": p for p in parameters}

    def _request_body(
        self, place: str, old: Schema, new: Schema, direction: Direction
    ) -> Iterator[str]:
        before, after = old.get("requestBody", {}), new.get("requestBody", {})
        if after.get("required", False) and not before.get("required", False):
            yield f"{place} requires a body"
        yield from self._content(f"{place} {direction}", before, after, direction)

    def _responses(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        for status, response in old.items():
            if status not in new:
                yield f"{place} does not answer {status} any more"
                continue
            before = _follow_reference(self.old, response)
            after = _follow_reference(self.new, new[status])
            yield from self._content(f"{place} answers {status}", before, after, "answers")

    def _content(self, place: str, old: Schema, new: Schema, direction: Direction) -> Iterator[str]:
        for media_type, before in old.get("content", {}).items():
            after = new.get("content", {}).get(media_type)
            if after is None:
                yield f"{place}: no {media_type} any more"
            else:
                yield from self._schema(place, before["schema"], after["schema"], direction)

    def _schema(
        self,
        place: str,
        old: Schema,
        new: Schema,
        direction: Direction,
        *,
        may_grow: bool = False,
    ) -> Iterator[str]:
        """What a schema has lost that clients may send, or gained that they may receive.

        `may_grow`: clients had to take any object in its place already.
        """
        before, after = _options(old), _options(new)
        may_grow |= direction == "answers" and any(map(_is_open, old.get("anyOf", ())))
        sides = (before, after) if direction == "takes" else (after, before)
        for name in sides[0]:
            if name not in sides[1] and not may_grow:
                verb = "no longer" if direction == "takes" else "can now be"
                yield f"{place}: {verb} {name}"
        for name in before.keys() & after.keys():
            yield from self._option(place, before[name], after[name], direction, may_grow=may_grow)

    def _option(
        self, place: str, old: Schema, new: Schema, direction: Direction, *, may_grow: bool
    ) -> Iterator[str]:
        if "$ref" in old:
            names = old["$ref"].rpartition("/")[2], new["$ref"].rpartition("/")[2]
            if (*names, direction) in self.compared:
                return
            self.compared.add((*names, direction))
            place = f"{place} {names[0]}"
            old, new = _follow_reference(self.old, old), _follow_reference(self.new, new)
            yield from self._schema(place, old, new, direction, may_grow=may_grow)
            return
        yield from self._values(place, old, new, direction)
        yield from self._properties(place, old, new, direction)
        for name in ("items", "additionalProperties"):
            if isinstance(old.get(name), Mapping) and isinstance(new.get(name), Mapping):
                yield from self._schema(f"{place}[]", old[name], new[name], direction)

    def _values(self, place: str, old: Schema, new: Schema, direction: Direction) -> Iterator[str]:
        """Single values: codes that are gone or new, and bounds that clients have to keep."""
        before, after = _codes(old), _codes(new)
        gone = before - after if before is not None and after is not None else set()
        yield from (f"{place}: {value} is gone" for value in sorted(gone))
        if direction == "takes":
            if before is None and after is not None:
                yield f"{place}: only {', '.join(sorted(after))}"
            yield from _narrowings(place, old, new)
        elif before is not None:
            added = {"anything"} if after is None else after - before
            yield from (f"{place}: can now be {value}" for value in sorted(added))

    def _properties(
        self, place: str, old: Schema, new: Schema, direction: Direction
    ) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            if name not in after:
                yield f"{place}.{name} is gone"
            else:
                yield from self._schema(f"{place}.{name}", before[name], after[name], direction)
        required = set(old.get("required", ())), set(new.get("required", ()))
        if direction == "takes":
            yield from (f"{place}.{name} is required" for name in sorted(required[1] - required[0]))
        else:
            kept = required[0] & after.keys()
            yield from (f"{place}.{name} may be missing" for name in sorted(kept - required[1]))


def _narrowings(place: str, old: Schema, new: Schema) -> Iterator[str]:
    """Bounds of what clients may send that are tighter than they were."""
    tighter = (
        *(name for name in _UPPER if new.get(name, inf) < old.get(name, inf)),
        *(name for name in _LOWER if new.get(name, -inf) > old.get(name, -inf)),
        *(name for name in _EXACT if _differs(old.get(name), new.get(name))),
    )
    yield from (f"{place}: {name} is {new[name]}" for name in tighter)
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield f"{place}: nothing but its properties"


def _differs(old: str | None, new: str | None) -> bool:
    return new is not None and new != old and (old, new) not in _REVIEWED


def _codes(schema: Schema) -> set[str] | None:
    """The values that a schema lists; None if it lists none."""
    listed = [schema["const"]] if "const" in schema else schema.get("enum")
    return None if listed is None else {str(value) for value in listed}


def _options(schema: Schema) -> dict[str, Schema]:
    """What a schema may be, by a name that says which is which."""
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return {n: o for part in schema[several] for n, o in _options(part).items()}
    if "$ref" in schema:
        return {schema["$ref"].rpartition("/")[2]: schema}
    types = schema.get("type", "anything")
    return dict.fromkeys([types] if isinstance(types, str) else types, schema)


def _is_open(option: Schema) -> bool:
    """Whether this is any object that has a `type`, whatever that says."""
    named = {"type": {"type": "string"}}
    return option == {"type": "object", "required": ["type"], "properties": named}


def _follow_reference(document: Schema, part: Schema) -> Schema:
    """What a reference stands for; the part itself, if it is none."""
    while "$ref" in part:
        _, kind, name = part["$ref"].removeprefix("#/").split("/")
        part = document["components"][kind][name]
    return part


def _suffices(way: Schema, other: Schema) -> bool:
    """Whether a client that shows what `way` asks for shows all that `other` does."""
    return all(name in way and set(scopes) <= set(way[name]) for name, scopes in other.items())


def _describe_authentication(way: Schema) -> str:
    """A way to authenticate, in words."""
    return " and ".join(" ".join((name, *scopes)) for name, scopes in way.items()) or "nothing"
