"""`tsunagu agency`: the agencies of the directory and their areas."""

from datetime import datetime
from typing import Annotated

import typer

from app.adapters.administration.by_owner import AgencyChange
from app.cli.administration.session import administer, good_text, new_id, now, print_table, status
from app.domain.directory.agencies import KINDS, Agency
from app.domain.directory.areas import PREFECTURES, AreaError, read_area

agency = typer.Typer(
    no_args_is_help=True, help="機関と管轄を登録・変更・停止する / agencies and their areas"
)

AREA_REASONS = {
    "area_form": "6桁か2桁の数字を / six digits, or the two of a prefecture",
    "area_prefecture": "その都道府県はありません / there is no such prefecture",
    "area_check_digit": "検査数字が合いません / the check digit is wrong",
}

Id = Annotated[str, typer.Argument(metavar="ID", help="識別子 / its id (center-13)")]
Name = Annotated[str | None, typer.Option(help="名称 / name", callback=good_text)]
NameEn = Annotated[
    str | None, typer.Option(help="英語の名称 / name in English", callback=good_text)
]
Note = Annotated[str | None, typer.Option(help="備考 / note", callback=good_text)]
Connected = Annotated[
    bool | None,
    typer.Option(
        "--connected/--not-connected",
        help="つなぐに参加しているか / whether it takes part in the service",
    ),
]
Areas = Annotated[
    list[str] | None,
    typer.Option(
        "--area", help="受け持つ区域 [流れ:]コード(繰り返し可) / area as [flow:]code, repeatable"
    ),
]
SupportsSuspects = Annotated[
    datetime | None,
    typer.Option(
        "--supports-suspects-since",
        formats=["%Y-%m-%d"],
        help="被疑者等支援の開始日 / the day since when it supports suspects",
    ),
]


@agency.command("list")
def list_agencies(
    kind: Annotated[str | None, typer.Option(help="種別 / kind (settlement_center)")] = None,
    prefecture: Annotated[str | None, typer.Option(help="都道府県(2桁) / two digits")] = None,
) -> None:
    """機関の一覧 / List agencies."""
    agencies = administer(lambda admin: admin.agencies())
    print_table(
        (
            each.id,
            each.kind,
            each.name,
            "connected" if each.connected else "on paper",
            status(each.disabled),
        )
        for each in agencies
        if kind in {None, each.kind} and prefecture in {None, each.prefecture}
    )


@agency.command("add")
def add_agency(
    agency_id: Id,
    kind: Annotated[str, typer.Option(help="種別 / kind (prison, settlement_center …)")],
    name: Annotated[str, typer.Option(help="名称 / name", callback=good_text)],
    prefecture: Annotated[str, typer.Option(help="都道府県(JIS X 0401 の2桁) / two digits")],
    name_en: NameEn = None,
    note: Note = None,
    connected: Connected = True,
    area: Areas = None,
) -> None:
    """機関を登録する / Add an agency. 区域を省くと都道府県全域 / without --area: its prefecture."""
    if prefecture not in PREFECTURES:
        raise typer.BadParameter(AREA_REASONS["area_prefecture"])
    if kind not in KINDS:
        raise typer.BadParameter(f"種別は次のどれかです / a kind is one of: {', '.join(KINDS)}")
    new = Agency(
        id=new_id(agency_id),
        kind=kind,
        name=name,
        prefecture=prefecture,
        name_en=name_en,
        note=note,
        connected=connected is not False,
        areas=frozenset(map(_parse_area, area or [prefecture])),
    )
    administer(lambda admin: admin.add_agency(new))
    typer.echo(agency_id)


@agency.command("change")
def change_agency(
    agency_id: Id,
    name: Name = None,
    name_en: NameEn = None,
    note: Note = None,
    connected: Connected = None,
    supports_suspects_since: SupportsSuspects = None,
) -> None:
    """名称・備考・参加の有無などを変える / Change name, note, connection, services.

    空の文字列は英語名や備考を消す / an empty text takes English name or note away.
    """
    since = supports_suspects_since
    services = {"suspect_support": since.date()} if since else None
    change = AgencyChange(name, name_en, note, connected, services)
    administer(lambda admin: admin.change_agency(agency_id, change))


@agency.command("add-area")
def add_area(agency_id: Id, area: Annotated[str, typer.Argument(metavar="[FLOW:]CODE")]) -> None:
    """受け持つ区域を加える / Make it responsible for an area."""
    flow, code = _parse_area(area)
    administer(lambda admin: admin.add_area(agency_id, flow, code))


@agency.command("remove-area")
def remove_area(agency_id: Id, area: Annotated[str, typer.Argument(metavar="[FLOW:]CODE")]) -> None:
    """受け持つ区域を除く / Take an area away from it."""
    flow, code = _parse_area(area)
    administer(lambda admin: admin.remove_area(agency_id, flow, code))


@agency.command("disable")
def disable_agency(agency_id: Id) -> None:
    """停止する: あて先にも差出人にもならなくなる / Switch off: it neither sends nor receives."""
    administer(lambda admin: admin.disable(Agency, agency_id, now()))


@agency.command("enable")
def enable_agency(agency_id: Id) -> None:
    """停止を解く / Switch on again."""
    administer(lambda admin: admin.disable(Agency, agency_id, None))


def _parse_area(text: str) -> tuple[str | None, str]:
    flow, _, code = text.rpartition(":")
    try:
        return flow or None, read_area(code)
    except AreaError as error:
        raise typer.BadParameter(AREA_REASONS[error.reason]) from None
