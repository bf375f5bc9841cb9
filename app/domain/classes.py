"""The classes of data by which a body is cut into segments and opened (domain terms: C0 to C8)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.domain.text import Text

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema


class DataClass(StrEnum):
    """What kind of knowledge about a person a field holds."""

    C0 = "C0"
    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    C6 = "C6"
    C7 = "C7"
    C8 = "C8"


CLASS_TITLES: dict[DataClass, Text] = {
    DataClass.C0: Text("経路情報(氏名を含まない)", "routing, without a name"),
    DataClass.C1: Text("本人の特定", "identity"),
    DataClass.C2: Text("要件・障害・手帳", "eligibility"),
    DataClass.C3: Text("健康・医療", "health"),
    DataClass.C4: Text("刑事に関する事項", "criminal matter"),
    DataClass.C5: Text("福祉・経済", "welfare and economic situation"),
    DataClass.C6: Text("第三者(家族・被害者等)", "third parties"),
    DataClass.C7: Text("支援の記録", "support work"),
    DataClass.C8: Text("弁護人の秘密", "defence privilege"),
}

ROUTING = frozenset({DataClass.C0})


def upto(highest: int) -> frozenset[DataClass]:
    """C0 and every class to `C<highest>`."""
    return frozenset(DataClass(f"C{n}") for n in range(highest + 1))


@dataclass(frozen=True, slots=True)
class Classified:
    """Marks a top-level field of a body with its one data class."""

    data_class: DataClass

    def __get_pydantic_json_schema__(
        self, core_schema: "CoreSchema", handler: "GetJsonSchemaHandler"
    ) -> dict[str, Any]:
        """The field's schema, with its class said in it."""
        return {**handler(core_schema), "x-data-class": self.data_class.value}


C0 = Classified(DataClass.C0)
C1 = Classified(DataClass.C1)
C2 = Classified(DataClass.C2)
C3 = Classified(DataClass.C3)
C4 = Classified(DataClass.C4)
C5 = Classified(DataClass.C5)
C6 = Classified(DataClass.C6)
C7 = Classified(DataClass.C7)
C8 = Classified(DataClass.C8)
