"""Whether two versions of the contract say the same, however they divide it into components."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def resolved(document: dict[str, Any]) -> dict[str, Any]:
    """`document` with its responses, parameters and examples where they are referred to."""
    whole: dict[str, Any] = _resolved(document, document)
    for kind in ("responses", "parameters", "examples", "headers"):
        whole["components"].pop(kind, None)
    return whole


def differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Where the new document says something else than the old one, but for tags and order."""
    yield from _differences(_untagged(resolved(old)), _untagged(resolved(new)), "")


def _resolved(value: Any, document: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_resolved(part, document) for part in value]
    if not isinstance(value, dict):
        return value
    kind, _, name = str(value.get("$ref", "")).removeprefix("#/components/").partition("/")
    if name and kind != "schemas":
        return _resolved(document["components"][kind][name], document)
    return {key: _resolved(part, document) for key, part in value.items()}


def _untagged(document: dict[str, Any]) -> dict[str, Any]:
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    for part in (document, *operations):
        part.pop("tags", None)
        part.pop("x-tagGroups", None)
    return document


def _differences(old: Any, new: Any, place: str) -> Iterator[str]:
    one, other = _parts(old), _parts(new)
    if one is None or other is None or type(old) is not type(new):
        if old != new:
            yield f"{place}: {old!r} has become {new!r}"
        return
    for name in sorted(one.keys() | other.keys()):
        if name in one and name in other:
            yield from _differences(one[name], other[name], f"{place}/{name}")
        else:
            yield f"{place}/{name}: {'removed' if name in one else 'added'}"


def _parts(value: Any) -> dict[str, Any] | None:
    """What an object or a list is made of; None if it is neither."""
    if isinstance(value, list):
        return {f"{number:04}": part for number, part in enumerate(_sorted(value))}
    return value if isinstance(value, dict) else None


def _sorted(items: list[Any]) -> list[Any]:
    """In an order that does not depend on the document: by name, or by all there is."""
    return sorted(items, key=lambda item: json.dumps(_place(item), sort_keys=True))


def _place(item: Any) -> Any:
    is_parameter = isinstance(item, dict) and "in" in item and "name" in item
    return [item["in"], item["name"]] if is_parameter else item


if __name__ == "__main__":  # python tests/api/contract/comparison.py OLD NEW
    found = list(differences(*(json.loads(Path(name).read_text()) for name in sys.argv[1:3])))
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.exit(bool(found))
