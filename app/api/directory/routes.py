"""Routes of the directory: agencies, and those responsible for an area."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Annotated
from unicodedata import normalize

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from app.api.directory.examples import AGENCIES, AGENCY, ROUTES
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import current_directory
from app.api.wire.documented import both, documented
from app.api.wire.paging import LongLimit, cursor_of, parts_of
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.directory.agencies import KINDS, Agency, Directory
from app.domain.directory.areas import PREFECTURES, AreaError, prefecture_of, read_area
from app.domain.errors import Invalid, NotFound
from app.domain.flows import FLOWS
from app.domain.state_machine.table import Flow
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["directory"])

RESPONSIBLE = (
    "settlement_center",
    "probation_office",
    "prosecutor_district",
    "bar_association",
)
"""The kinds that are responsible for an area. Institutions are only located in one."""

Reader = Annotated[Caller, require_scope(Scope.DIRECTORY_READ)]
_CODE = r"^[a-z0-9_]{1,64}$"


class AgencySummary(BaseModel):
    """機関の要約。

    An agency in short.
    """

    id: str = Field(
        description=both("機関の識別子。変わらない", "The agency's id. It does not change"),
        examples=["center-13"],
    )
    kind: str = Field(
        description=both("機関の種別", "The kind of agency"), examples=["settlement_center"]
    )
    name: str = Field(
        description=both("名称", "The name"), examples=["東京都地域生活定着支援センター"]
    )
    name_en: str | None = Field(
        description=both("英語の名称(参考)", "The name in English (for reference)"),
        examples=["Tokyo Settlement Support Center"],
    )
    prefecture: str = Field(
        description=both("都道府県(JIS X 0401 の2桁)", "The prefecture (two digits of JIS X 0401)"),
        examples=["13"],
    )
    connected: bool = Field(
        description=both(
            "このサービスに参加しているか。偽なら、あての通信文は印刷して届ける",
            "Whether it is connected to this service. If not, messages to it are printed "
            "and taken there",
        ),
        examples=[True],
    )


class Jurisdiction(BaseModel):
    """管轄の1行。

    One area for which an agency is responsible.
    """

    flow: str | None = Field(
        description=both("流れ。null は全ての流れ", "The flow; null: all flows"), examples=[None]
    )
    area: str = Field(
        description=both("全国地方公共団体コード(6桁)", "A local government code (six digits)"),
        examples=["130001"],
    )


class AgencyDetail(AgencySummary):
    """機関の全ての登録事項。

    Everything that is registered of an agency.
    """

    areas: list[Jurisdiction] = Field(
        description=both(
            "管轄。コードの順", "Areas for which it is responsible, in the order of their codes"
        )
    )
    services: dict[str, date | None] = Field(
        description=both(
            "行っている事業と開始日。null は開始日の記録なし",
            "The services that it runs, with the day on which they began; null if that is "
            "not recorded",
        ),
        examples=[{"suspect_support": None}],
    )
    poi_code: str | None = Field(
        description=both(
            "GIF の POI コード(4桁)",
            "The POI code of the Government Interoperability Framework (four digits)",
        ),
        examples=["1499"],
    )
    note: str | None = Field(
        description=both(
            "備考(名称や区域の確かさなど)",
            "Remarks (for example how certain the name or the area is)",
        ),
        examples=[None],
    )
    disabled: bool = Field(
        description=both("廃止・停止されているか", "Whether it was abolished or disabled"),
        examples=[False],
    )


class AgencyPage(BaseModel):
    """機関の一覧の1頁。

    A page of agencies.
    """

    items: list[AgencySummary]
    next: str | None = Field(
        description=both(
            "次の頁のカーソル。null なら終わり", "The cursor of the next page; null at the end"
        ),
        examples=[None],
    )


class RouteOut(BaseModel):
    """ある種別の、その区域を受け持つ機関。

    The agencies of one kind that are responsible for the area.
    """

    kind: str = Field(
        description=both("機関の種別", "The kind of agency"), examples=["settlement_center"]
    )
    parties: list[str] = Field(
        description=both(
            "この種別が流れの中で担う立場", "The parties that this kind can be in the flow"
        ),
        examples=[["center"]],
    )
    ambiguous: bool = Field(
        description=both(
            "真なら複数あり、`to` で選ばなければならない",
            "If true there are several, and one has to be chosen in `to`",
        ),
        examples=[False],
    )
    candidates: list[AgencySummary] = Field(
        description=both(
            "受け持つ機関。空なら無い", "The agencies that are responsible; empty if there is none"
        )
    )


class Routes(BaseModel):
    """ある区域を受け持つ機関。

    The agencies that are responsible for an area.
    """

    flow: str = Field(description=both("流れ", "The flow"), examples=["special_adjustment"])
    area: str = Field(
        description=both("読み取った区域(6桁)", "The area as it was read (six digits)"),
        examples=["131016"],
    )
    prefecture: str = Field(
        description=both("その都道府県の名称", "The name of its prefecture"), examples=["東京都"]
    )
    items: list[RouteOut]


@router.get(
    "/agencies",
    **documented(
        "list_agencies",
        Text("機関を探す", "Find agencies"),
        """Returns agencies in the order of their ids. Agencies that were abolished or disabled are
        left out; they can still be read by their id.""",
        Text("機関の一覧", "A page of agencies"),
        shows={200: {"example": AGENCIES}},
    ),
)
async def list_agencies(
    request: Request,
    _: Reader,
    kind: Annotated[str | None, Query(pattern=_CODE, description=both("種別", "The kind"))] = None,
    prefecture: Annotated[
        str | None,
        Query(
            description=both(
                "都道府県(JIS X 0401 の2桁)", "The prefecture (two digits of JIS X 0401)"
            ),
            examples=["13"],
        ),
    ] = None,
    q: Annotated[
        str | None,
        Query(
            max_length=100, description=both("名称に含まれる文字", "Text that the name contains")
        ),
    ] = None,
    connected: Annotated[
        bool | None, Query(description=both("参加しているか", "Whether it is connected"))
    ] = None,
    limit: LongLimit = 50,
    cursor: Annotated[
        str | None,
        Query(max_length=200, description=both("前の頁の `next`", "`next` of the page before")),
    ] = None,
) -> AgencyPage:
    """機関を識別子の順に返す。廃止・停止された機関は含まない(識別子で読むことはできる)。"""
    if prefecture is not None and prefecture not in PREFECTURES:
        raise Invalid.at("/query/prefecture", "area_prefecture", sorted(PREFECTURES))
    agencies_of_all = current_directory(request).agencies
    if kind is not None and kind not in KINDS and all(a.kind != kind for a in agencies_of_all):
        raise Invalid.at("/query/kind", "unknown_kind", KINDS)
    wanted = {"kind": kind, "prefecture": prefecture, "connected": connected}
    fields = {name: value for name, value in wanted.items() if value is not None}
    agencies = list(islice(_matching(current_directory(request), fields, q, cursor), limit + 1))
    return AgencyPage(
        items=[_summary(agency) for agency in agencies[:limit]],
        next=cursor_of(agencies[limit - 1].id) if len(agencies) > limit else None,
    )


@router.get(
    "/agencies/{agency_id}",
    **documented(
        "read_agency",
        Text("機関を読む", "Read an agency"),
        """Returns everything that is registered of an agency, also of one that was abolished or
        disabled.""",
        Text("機関", "The agency"),
        shows={200: {"example": AGENCY}},
    ),
)
async def read_agency(
    request: Request,
    _: Reader,
    agency_id: Annotated[
        str, Path(max_length=64, description=both("識別子", "The id"), examples=["center-13"])
    ],
) -> AgencyDetail:
    """機関の全ての登録事項を返す。廃止・停止された機関も返す。"""
    agency = current_directory(request).agency(agency_id)
    if agency is None:
        raise NotFound
    return AgencyDetail(
        **_summary(agency).model_dump(),
        areas=[
            Jurisdiction(flow=flow, area=area)
            for flow, area in sorted(agency.areas, key=lambda row: (row[1], row[0] or ""))
        ],
        services=dict(agency.services),
        poi_code=agency.poi_code,
        note=agency.note,
        disabled=agency.disabled,
    )


@router.get(
    "/routes",
    **documented(
        "find_routes",
        Text("受け持つ機関を調べる", "Find the agencies that are responsible"),
        """Returns, for each kind, the agencies that are responsible for the area in the flow.

        For a prefecture, all agencies that are responsible for a part of it are returned
        (Hokkaido has two centers).""",
        Text("受け持つ機関", "The agencies that are responsible"),
        shows={200: {"example": ROUTES}},
    ),
)
async def find_routes(
    request: Request,
    _: Reader,
    flow: Annotated[
        str,
        Query(pattern=_CODE, description=both("流れ", "The flow"), examples=["suspect_support"]),
    ],
    area: Annotated[
        str,
        Query(
            description=both(
                "全国地方公共団体コード(6桁)か都道府県(2桁)",
                "A local government code (six digits) or a prefecture (two)",
            ),
            examples=["131016"],
        ),
    ],
) -> Routes:
    """その区域をその流れで受け持つ機関を、種別ごとに返す。

    都道府県を尋ねると、その一部を受け持つ機関を全て返す(北海道にはセンターが2か所ある)。
    """
    try:
        code = read_area(area)
    except AreaError as error:
        raise Invalid.at("/query/area", error.reason) from None
    table = FLOWS.get(flow)
    if table is None:
        raise Invalid.at("/query/flow", "unknown_flow", FLOWS)
    return Routes(
        flow=flow,
        area=code,
        prefecture=prefecture_of(code).name,
        items=list(_routes(current_directory(request), table, code)),
    )


def _matching(
    directory: Directory, fields: Mapping[str, object], q: str | None, cursor: str | None
) -> Iterator[Agency]:
    words = _normalise(q or "")
    after = _start(directory, cursor)
    for agency in islice(directory.agencies, after, None):
        if agency.disabled or any(getattr(agency, name) != fields[name] for name in fields):
            continue
        if words in _normalise(agency.name) or words in _normalise(agency.name_en or ""):
            yield agency


def _start(directory: Directory, cursor: str | None) -> int:
    if cursor is None:
        return 0
    (last,) = parts_of(cursor, 1)
    return bisect_right(directory.agencies, last, key=lambda agency: agency.id)


def _normalise(text: str) -> str:
    return normalize("NFKC", text).casefold()


def _routes(directory: Directory, flow: Flow, area: str) -> Iterator[RouteOut]:
    for kind in RESPONSIBLE:
        parties = sorted(name for name, role in flow.parties.items() if kind in role.kinds)
        if not parties:
            continue
        agencies = directory.of_kind([kind], flow.name, area)
        yield RouteOut(
            kind=kind,
            parties=parties,
            ambiguous=len(agencies) > 1,
            candidates=[_summary(agency) for agency in agencies],
        )


def _summary(agency: Agency) -> AgencySummary:
    return AgencySummary(
        id=agency.id,
        kind=agency.kind,
        name=agency.name,
        name_en=agency.name_en,
        prefecture=agency.prefecture,
        connected=agency.connected,
    )
