"""The cover page of a bundle: its contents and how to verify it, without any body."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.adapters.evidence.collecting import LogProofs, OpenedCase
from app.adapters.referrals.reading import Opened
from app.api.evidence.files import Maker
from app.api.wire.pages import render
from app.api.wire.views import moment
from app.domain.directory.agencies import Directory
from app.domain.flows import BODIES, FLOWS

_REASONS: Mapping[str, str] = {
    "not_your_class": "渡されていない",
    "not_your_seat": "この席では開けない",
    "no_consent": "有効な同意がない",
    "consent_withdrawn": "同意が撤回された",
    "party_ended": "当事者でなくなった",
    "recalled": "差出人が取り消した",
    "erased": "消去された",
}


def cover(
    case_id: str, case: OpenedCase, proofs: LogProofs, maker: Maker, directory: Directory
) -> bytes:
    """The page as HTML. It loads nothing."""
    values = {
        "case_id": case_id,
        "agency": _name(directory, maker.caller.agency_id),
        "agency_id": maker.caller.agency_id,
        "seat_id": maker.caller.seat_id,
        "made_at": moment(maker.made_at),
        "issuer": maker.issuer,
        "count": len(case.messages),
        "referrals": list(_referrals(case, directory)),
        "receipt_keys": [key["kid"] for key in maker.receipt_keys["keys"]],
        "log_keys": [str(key) for key in maker.log_keys],
        "size": proofs.checkpoint.size,
        "root": proofs.note.split("\n")[2],
    }
    return render("bundle.html", values).encode()


def _referrals(case: OpenedCase, directory: Directory) -> Iterator[dict[str, Any]]:
    for row in case.referrals:
        yield {
            "reference": row["reference"],
            "flow": FLOWS[row["flow"]].title.ja,
            "party": row["party"],
            "state": row["state"],
            "messages": [
                _line(message, directory)
                for message in case.messages
                if message.envelope["via"] == row["id"]
            ],
        }


def _line(message: Opened, directory: Directory) -> dict[str, Any]:
    head = message.envelope
    return {
        "number": head["number"],
        "at": moment(head["created_at"])[:16].replace("T", " "),
        "title": BODIES[head["type"]].TITLE.ja,
        "sender": _name(directory, head["from"]["agency_id"]),
        "opened": " ".join(sorted(message.salts)),
        "withheld": "、".join(f"{c} {_REASONS.get(r, r)}" for c, r in _withheld(message)),
    }


def _withheld(message: Opened) -> Iterator[tuple[str, str]]:
    for item in message.withheld:
        yield item[0], item[1]


def _name(directory: Directory, agency_id: str | None) -> str:
    agency = directory.agency(agency_id) if agency_id else None
    return agency.name if agency else "つなぐ"
