"""A settlement (帰住) as it is counted: center, fiscal year, cell, and not the person."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Settlement:
    """One person who settled, as a cell of the yearly statistics."""

    on: date
    category: str
    """The seed table's column: P, I, M, PI, PM, IM, PIM or OTHER."""
    age_bracket: str
    """`ge65`, `lt65` or `unknown`: the age on the settlement day."""
    residence_kind: str

    @property
    def fiscal_year(self) -> int:
        """The Japanese fiscal year, which begins on 1 April."""
        return self.on.year if self.on.month >= 4 else self.on.year - 1
