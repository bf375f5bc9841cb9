"""The findings about a bundle: the first problem, or what was proved and what is not yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """The verdict on a bundle."""

    VERIFIED = "verified"
    INCOMPLETE = "incomplete"
    """Nothing is wrong, but something is not proved yet."""
    BAD = "bad"


class BundleProblem(Exception):
    """A problem in a bundle: a code of docs/en/evidence.md, and the file in which it is."""

    def __init__(self, code: str, file: str | None = None, at: str | None = None) -> None:
        super().__init__(code, file, at)
        self.code = code
        self.file = file
        self.at = at
        """Where in the file: the id of a message, a data class, or the number of an entry."""

    def as_json(self) -> dict[str, str | None]:
        """The problem as `--json` prints it."""
        return {"code": self.code, "file": self.file, "at": self.at}


@dataclass(frozen=True, slots=True)
class ErasedClass:
    """A data class of a message that was erased; only its digest is left."""

    file: str
    data_class: str
    erased_at: str | None
    because: str | None


COUNTED = ("messages", "opened", "withheld", "receipts", "entries", "pending", "left_out")


@dataclass(slots=True)
class Findings:
    """What the checks have found."""

    problems: list[BundleProblem] = field(default_factory=list)
    """The first problem; if that is the seal, also the first problem after it."""
    messages: int = 0
    opened: int = 0
    withheld: int = 0
    receipts: int = 0
    entries: int = 0
    pending: int = 0
    left_out: int = 0
    erased: list[ErasedClass] = field(default_factory=list)
    checkpoint: dict[str, Any] = field(default_factory=dict)
    receipt_keys: list[str] = field(default_factory=list)
    log_keys: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    """Whose bundle it is, and of what: to put parts together."""

    @property
    def verdict(self) -> Verdict:
        """The verdict that follows from problems and warnings."""
        if self.problems:
            return Verdict.BAD
        incomplete = {"pending", "no_consistency_proof", "keys_not_pinned", "part"} & set(
            self.warnings
        )
        return Verdict.INCOMPLETE if incomplete else Verdict.VERIFIED

    def add(self, other: "Findings") -> None:
        """Add what was found in another part of the same case."""
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.erased += other.erased
        self.warnings += [each for each in other.warnings if each not in self.warnings]

    def as_json(self) -> dict[str, Any]:
        """The findings as `--json` prints them."""
        first, also = [*[p.as_json() for p in self.problems], None, None][:2]
        return {
            "verdict": self.verdict.value,
            "problem": first,
            "also": also,
            "counts": {name: getattr(self, name) for name in COUNTED},
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


_MALFORMED = (
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    AttributeError,
    RecursionError,
    OverflowError,
)


@contextmanager
def blaming(code: str, file: str | None, at: str | None = None) -> Iterator[None]:
    """Turn errors from missing or malformed values in the block into a problem of `file`.

    Raises:
        BundleProblem: in place of KeyError, TypeError, ValueError and the like.
    """
    try:
        yield
    except _MALFORMED as error:
        raise BundleProblem(code, file, at) from error
