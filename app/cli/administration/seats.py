"""`tsunagu seat`: the seats of an agency, their roles and data classes."""

from typing import Annotated

import typer

from app.auth.scopes import CLASSES
from app.cli.administration.session import (
    AgencyFilter,
    administer,
    good_text,
    new_id,
    now,
    print_table,
    status,
)
from app.domain.administration.seats import Seat
from app.domain.classes import DataClass

seat = typer.Typer(no_args_is_help=True, help="席を登録・変更・停止する / seats of an agency")

ROLES = ", ".join(CLASSES)

Id = Annotated[str, typer.Argument(metavar="ID", help="席の識別子 / its id (center-13.decider)")]
Classes = Annotated[
    list[DataClass] | None,
    typer.Option(
        "--class", help="開けるデータ区分(繰り返し可) / class that it may open, repeatable"
    ),
]


@seat.command("list")
def list_seats(agency: AgencyFilter = None) -> None:
    """席の一覧 / List seats."""
    seats = administer(lambda admin: admin.seats(agency))
    print_table(
        (each.id, each.role, each.name, ",".join(sorted(each.classes)), status(each.disabled))
        for each in seats
    )


@seat.command("add")
def add_seat(
    agency: Annotated[str, typer.Argument(metavar="AGENCY", help="機関の識別子 / its agency")],
    role: Annotated[str, typer.Argument(metavar="ROLE", help=f"役割 / role: {ROLES}")],
    name: Annotated[str, typer.Option(help="席の名称 / name (センター長)", callback=good_text)],
    seat_id: Annotated[
        str | None, typer.Option("--id", help="省くと機関.役割 / default: agency.role")
    ] = None,
    classes: Classes = None,
) -> None:
    """席を登録する / Add a seat. --class がなければ役割どおり / without --class: as its role."""
    role_name = _check_role(role)
    class_set = _class_set(classes) or CLASSES[role_name]
    new = Seat(new_id(seat_id or f"{agency}.{role_name}"), agency, name, role_name, class_set)
    administer(lambda admin: admin.add_seat(new, now()))
    typer.echo(new.id)


@seat.command("change")
def change_seat(
    seat_id: Id,
    name: Annotated[str | None, typer.Option(help="席の名称 / name", callback=good_text)] = None,
    role: Annotated[str | None, typer.Option(help=f"役割 / role: {ROLES}")] = None,
    classes: Classes = None,
) -> None:
    """席の名称・役割・開ける区分を変える / Change a seat's name, role or classes."""
    role_name = None if role is None else _check_role(role)
    class_set = _class_set(classes) or (CLASSES[role_name] if role_name else None)
    administer(lambda admin: admin.change_seat(seat_id, name, role_name, class_set))


@seat.command("disable")
def disable_seat(seat_id: Id) -> None:
    """席を停止する / Switch a seat off."""
    administer(lambda admin: admin.disable(Seat, seat_id, now()))


@seat.command("enable")
def enable_seat(seat_id: Id) -> None:
    """停止を解く / Switch it on again."""
    administer(lambda admin: admin.disable(Seat, seat_id, None))


def _check_role(text: str) -> str:
    if text not in CLASSES:
        raise typer.BadParameter(f"役割は次のどれかです / a role is one of: {ROLES}")
    return text


def _class_set(given: list[DataClass] | None) -> frozenset[str] | None:
    return frozenset(given) if given else None
