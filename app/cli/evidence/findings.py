"""What checking a bundle finds: the first bad thing, or what was shown and what still is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What can be said of a bundle in one word."""

    VERIFIED = "verified"
    INCOMPLETE = "incomplete"
    """Nothing is wrong, and something is not proved yet."""
    BAD = "bad"


class Bad(Exception):
    """Something is not as it must be: what (a code of docs/en/evidence.md), and in which file."""

    def __init__(self, code: str, file: str | None = None, at: str | None = None) -> None:
        super().__init__(code, file, at)
        self.code = code
        self.file = file
        self.at = at
        """Where in the file: a message's id, a class, or the number of an entry."""

    def shown(self) -> dict[str, str | None]:
        """As it stands in the answer of `--json`."""
        return {"code": self.code, "file": self.file, "at": self.at}


@dataclass(frozen=True, slots=True)
class Erased:
    """A class of a message of which only the digest is left."""

    file: str
    data_class: str
    erased_at: str | None
    because: str | None


@dataclass(slots=True)
class Found:
    """What the checks have seen."""

    problems: list[Bad] = field(default_factory=list)
    """The first bad thing; and if the seal was broken, the first thing that is bad besides."""
    messages: int = 0
    opened: int = 0
    withheld: int = 0
    receipts: int = 0
    entries: int = 0
    pending: int = 0
    left_out: int = 0
    erased: list[Erased] = field(default_factory=list)
    checkpoint: dict[str, Any] = field(default_factory=dict)
    receipt_keys: list[str] = field(default_factory=list)
    log_keys: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """The whole in one word."""
        if self.problems:
            return Verdict.BAD
        incomplete = {"pending", "no_consistency_proof"} & set(self.warnings)
        return Verdict.INCOMPLETE if incomplete else Verdict.VERIFIED

    def shown(self) -> dict[str, Any]:
        """The answer of `--json`."""
        first, also = [*[p.shown() for p in self.problems], None, None][:2]
        counted = ("messages", "opened", "withheld", "receipts", "entries", "pending", "left_out")
        return {
            "verdict": self.verdict.value,
            "problem": first,
            "also": also,
            "counts": {name: getattr(self, name) for name in counted},
            "erased": [
                {
                    "file": each.file,
                    "class": each.data_class,
                    "erased_at": each.erased_at,
                    "because": each.because,
                }
                for each in self.erased
            ],
            "checkpoint": self.checkpoint,
            "receipt_keys": self.receipt_keys,
            "log_keys": self.log_keys,
            "warnings": self.warnings,
        }


_ODD = (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError, OverflowError)


@contextmanager
def blaming(code: str, file: str | None, at: str | None = None) -> Iterator[None]:
    """Whatever is missing, or of another kind than it must be, in here is the fault of `file`.

    Raises:
        Bad: in place of the errors that Python makes of it.
    """
    try:
        yield
    except _ODD as error:
        raise Bad(code, file, at) from error
