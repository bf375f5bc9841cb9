"""The directory: agencies, the services that they offer, and the areas they are responsible for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import TypeAlias

from app.domain.directory.areas import is_prefecture, prefecture_of, whole
from app.domain.text import Text

Flow: TypeAlias = str | None
"""The flow for which a jurisdiction holds; None holds for every flow."""

KINDS: Mapping[str, Text] = MappingProxyType(
    {
        "settlement_center": Text("地域生活定着支援センター", "settlement support center"),
        "probation_office": Text("保護観察所", "probation office"),
        "probation_branch": Text("保護観察所支部", "probation office branch"),
        "parole_board": Text("地方更生保護委員会", "regional parole board"),
        "prison": Text("刑務所", "prison"),
        "juvenile_prison": Text("少年刑務所", "juvenile prison"),
        "detention_house": Text("拘置所", "detention house"),
        "prison_branch": Text("刑務支所", "branch prison"),
        "detention_branch": Text("拘置支所", "branch detention house"),
        "juvenile_training_school": Text("少年院", "juvenile training school"),
        "juvenile_classification_home": Text("少年鑑別所", "juvenile classification home"),
        "police_detention": Text("留置施設", "police detention facility"),
        "prosecutor_district": Text("地方検察庁", "district public prosecutors office"),
        "bar_association": Text("弁護士会", "bar association"),
        "defence_counsel": Text("弁護人(法律事務所)", "defence counsel (law office)"),
        "legal_support_center": Text("法テラス", "legal support center"),
        "prefecture": Text("都道府県", "prefecture"),
        "municipality": Text("市町村・特別区", "municipality"),
        "welfare_office": Text("福祉事務所", "welfare office"),
        "health_center": Text("保健所", "health center"),
        "mental_health_center": Text("精神保健福祉センター", "mental health and welfare center"),
        "medical_institution": Text("医療機関", "medical institution"),
        "offender_hostel": Text("更生保護施設", "offender rehabilitation facility"),
        "self_reliance_home": Text("自立準備ホーム", "self-reliance support home"),
        "receiving_facility": Text("受入施設", "receiving facility"),
        "consultation_office": Text("相談支援事業所等", "consultation support office"),
        "social_welfare_council": Text("社会福祉協議会", "council of social welfare"),
        "mhlw": Text("厚生労働省", "Ministry of Health, Labour and Welfare"),
        "moj": Text("法務省", "Ministry of Justice"),
        "center_council": Text("全国地域生活定着支援センター協議会", "national council of centers"),
    }
)
"""Every kind of agency, in the field's words. A court is no agency here."""


@dataclass(frozen=True, slots=True, eq=False)
class Agency:
    """A body that sends or receives: a center, an office, an institution, a bar, an authority."""

    id: str
    kind: str
    name: str
    prefecture: str
    """Two digits, JIS X 0401."""
    name_en: str | None = None
    municipality: str | None = None
    """Where it sits, six digits, if that is recorded."""
    connected: bool = True
    """False: it has no access to the service; messages to it are printed."""
    areas: frozenset[tuple[Flow, str]] = frozenset()
    """Its jurisdiction: flow (None: every flow) and six-digit code."""
    services: Mapping[str, date | None] = field(default_factory=dict)
    """The services that it offers, and since when; None: the day is not recorded."""
    poi_code: str | None = None
    """GIF code of the kind of place (デジタル庁 DS-451-7)."""
    note: str | None = None
    disabled: bool = False
    """Switched off by operators, or abolished."""

    @property
    def has_access(self) -> bool:
        """Whether it can send for itself. What others without access write, a party keys in."""
        return self.connected and not self.disabled

    def areas_for(self, flow: Flow) -> frozenset[str]:
        """The areas it is responsible for in `flow`: those of every flow, and those of this one."""
        return frozenset(area for row, area in self.areas if row is None or row == flow)


_Index: TypeAlias = Mapping[tuple[str, Flow, str], tuple[Agency, ...]]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Directory:
    """All agencies at one moment. Immutable: a change makes another directory."""

    agencies: tuple[Agency, ...]
    version: int
    _by_id: Mapping[str, Agency]
    _by_area: _Index
    _by_prefecture: _Index
    _memo: dict[tuple[frozenset[str], Flow, str], tuple[Agency, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, agencies: Iterable[Agency], version: int = 0) -> "Directory":
        """The directory of `agencies`, in the order of their ids."""
        ordered = tuple(sorted(agencies, key=lambda agency: agency.id))
        by_area: dict[tuple[str, Flow, str], list[Agency]] = defaultdict(list)
        by_prefecture: dict[tuple[str, Flow, str], list[Agency]] = defaultdict(list)
        for agency in ordered:
            if agency.disabled:
                continue
            for flow, area in agency.areas:
                by_area[agency.kind, flow, area].append(agency)
            for flow, two in {(flow, area[:2]) for flow, area in agency.areas}:
                by_prefecture[agency.kind, flow, two].append(agency)
        return cls(
            ordered,
            version,
            {agency.id: agency for agency in ordered},
            {key: tuple(agencies) for key, agencies in by_area.items()},
            {key: tuple(agencies) for key, agencies in by_prefecture.items()},
        )

    def agency(self, agency_id: str) -> Agency | None:
        """The agency of this id, disabled or not."""
        return self._by_id.get(agency_id)

    def of_kind(self, kinds: Iterable[str], flow: Flow, area: str) -> tuple[Agency, ...]:
        """The agencies of these kinds that are responsible for `area` in `flow`, by id.

        Disabled ones are left out. A whole prefecture as `area` is answered with everyone who is
        responsible for a part of it.
        """
        by_id = {agency.id: agency for kind in kinds for agency in self._at(kind, flow, area)}
        return tuple(by_id[agency_id] for agency_id in sorted(by_id))

    def candidates(self, kinds: Iterable[str], flow: Flow, near: Agency) -> tuple[Agency, ...]:
        """The agencies of these kinds whose areas in `flow` overlap those of `near`, by id.

        `near` itself and disabled agencies are left out. Answers are remembered: this is asked at
        every opening.
        """
        wanted = frozenset(kinds)
        if self._by_id.get(near.id) is not near:
            return self._overlapping(wanted, flow, near)
        key = (wanted, flow, near.id)
        agencies = self._memo.get(key)
        if agencies is None:
            agencies = self._memo[key] = self._overlapping(wanted, flow, near)
        return agencies

    def serves(self, agency: Agency, flow: Flow, areas: Iterable[str]) -> bool:
        """Whether `agency` takes part and is responsible in `flow` for at least one of `areas`."""
        return any(agency in self._at(agency.kind, flow, area) for area in areas)

    def _overlapping(self, kinds: frozenset[str], flow: Flow, near: Agency) -> tuple[Agency, ...]:
        by_id = {
            agency.id: agency
            for area in near.areas_for(flow)
            for agency in self.of_kind(kinds, flow, area)
            if agency.id != near.id
        }
        return tuple(by_id[agency_id] for agency_id in sorted(by_id))

    def _at(self, kind: str, flow: Flow, area: str) -> Iterable[Agency]:
        flows = (None,) if flow is None else (None, flow)
        code = whole(area)
        if is_prefecture(code):
            for row in flows:
                yield from self._by_prefecture.get((kind, row, code[:2]), ())
            return
        for row in flows:
            yield from self._by_area.get((kind, row, code), ())
            yield from self._by_area.get((kind, row, prefecture_of(code).area), ())
