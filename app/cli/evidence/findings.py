"""The findings about a bundle: the first problem, or what was proved and what is not yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


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


class MessageCounts(NamedTuple):
    """What a bundle holds of a message. Of two, the one that opens more is the greater."""

    opened: int
    withheld: int
    receipts: int


@dataclass(slots=True)
class Findings:
    """What the checks have found."""

    problems: list[BundleProblem] = field(default_factory=list)
    """The first problem; if that is the seal, also the first problem after it."""
    held: dict[str, MessageCounts] = field(default_factory=dict)
    """The messages by id: parts of a case may overlap, and what two of them hold counts once."""
    logged: set[int] = field(default_factory=set)
    """The places of the entries in the log."""
    unlogged: set[str] = field(default_factory=set)
    """The messages whose entries the log does not hold yet."""
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

    @property
    def messages(self) -> int:
        """How many messages there are."""
        return len(self.held)

    @property
    def opened(self) -> int:
        """How many classes of them are opened."""
        return sum(each.opened for each in self.held.values())

    @property
    def withheld(self) -> int:
        """How many classes of them are withheld."""
        return sum(each.withheld for each in self.held.values())

    @property
    def receipts(self) -> int:
        """How many receipts there are."""
        return sum(each.receipts for each in self.held.values())

    @property
    def entries(self) -> int:
        """How many entries of the log there are."""
        return len(self.logged)

    @property
    def pending(self) -> int:
        """How many entries are not in the log yet."""
        return len(self.unlogged)

    def add(self, other: "Findings") -> None:
        """Add what was found in another part of the same case."""
        ours, theirs, both = self.held.keys(), other.held.keys(), (self.left_out, other.left_out)
        self.left_out = max(both) if ours >= theirs or theirs >= ours else sum(both)
        for message, counts in other.held.items():
            self.held[message] = max(counts, self.held.get(message, counts))
        self.logged |= other.logged
        self.unlogged |= other.unlogged
        self.erased += [each for each in other.erased if each not in self.erased]
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
