"""What the messages about people in custody say."""

from datetime import date
from uuid import UUID

from app.cli.story.papers import EVERY_CLASS, Body
from app.domain.messages.payloads import samples
from app.domain.vocabulary.relief import ExplainedItem

ITEMS = [item.value for item in ExplainedItem]
SUSPECT = {
    "family_name": "架空",
    "given_name": "花子",
    "family_name_kana": "カクウ",
    "given_name_kana": "ハナコ",
    "date_of_birth": "1946-02-11",
    "dob_precision": "day",
    "sex": "2",
}
CLIENT = {
    "family_name": "見本",
    "given_name": "次郎",
    "date_of_birth": "1971-01-01",
    "dob_precision": "year",
    "sex": "1",
}
COUNSEL = {"name": "架空 弁護", "bar": "bar-13-tokyo", "appointed": "court"}
NO_DISABILITY = {
    "physical": {"present": False},
    "intellectual": {"present": False},
    "mental": {"present": False},
    "other_reason": "mild_dementia",
}


def consultation(day1: date) -> Body:
    """A prosecutor's question about somebody without a name."""
    return {
        "route": "prosecutor",
        "age_band": "80_over",
        "sex": "2",
        "disability_hint": ["dementia"],
        "has_residence": False,
        "urgent_needs": ["housing", "medical"],
        "custody_stage": "detained_suspect",
        "detention_day1": day1.isoformat(),
        "detention_place": "見本警察署",
        "case_district": "prosecutor-13",
    }


def consent(consent_id: UUID, on: date) -> Body:
    """Her consent, with her name."""
    return {
        "subject": SUSPECT,
        "consent_id": str(consent_id),
        "purpose": "suspect_support",
        "recipients": ["probation_office", "center-13"],
        "item_classes": EVERY_CLASS,
        "valid_from": on.isoformat(),
        "obtained_on": on.isoformat(),
        "method": "written",
        "explained_items": ITEMS,
    }


def request(consent_id: UUID, day1: date, wished: date) -> Body:
    """The probation office's request to a center."""
    return {
        "subject": SUSPECT,
        "elderly": True,
        "disability": NO_DISABILITY,
        "suitability_of_joint_support": {"suitable": True, "judged_on": wished.isoformat()},
        "wish": {"wishes": True, "stated_on": wished.isoformat()},
        "consent_id": str(consent_id),
        "support_status": "priority_planned",
        "detention_place": {"name": "見本警察署留置施設"},
        "visit_rules": "1日1回15分まで。電子機器は持ち込めない。",
        "contact_ban": "none",
        "detention_day1": day1.isoformat(),
        "extended_to": None,
        "offence_category": "theft",
        "release_night_need": True,
    }


def extension(on: date, until: date) -> Body:
    """Detention is extended."""
    return {
        "change": "detention_extended",
        "effective_on": on.isoformat(),
        "reported_on": on.isoformat(),
        "extended_to": until.isoformat(),
    }


def visit(on: date) -> Body:
    """A short visit, without any device."""
    return {
        "held_on": on.isoformat(),
        "place": "見本警察署",
        "minutes": 15,
        "mode": "in_person",
        "wishes": "暖かいところで眠りたい。",
        "needs": ["housing", "medical"],
    }


def plan(on: date) -> Body:
    """A provisional plan: the first night first."""
    return {
        "version": 1,
        "goals": ["釈放の夜を安心して過ごし、翌日に福祉事務所と医療機関へ行く。"],
        "items": [
            {
                "domain": "housing",
                "action": "自立準備ホームの一室を確保する。",
                "agency_id": "center-13",
                "due_on": on.isoformat(),
                "state": "done",
            }
        ],
        "insurance": "国民健康保険に加入する。",
        "first_night": {
            "none_yet": False,
            "residence_kind": "self_reliance_home",
            "address": {"full_address": "東京都架空市見本町7丁目8番9号"},
        },
    }


def release(on: date) -> Body:
    """A disposition that frees."""
    return {
        "disposition": "suspended_prosecution",
        "decided_on": on.isoformat(),
        "release_on": on.isoformat(),
        "release_time_est": "16:00",
    }


def relief(on: date) -> Body:
    """Her written application for urgent aftercare."""
    return {
        "applied_on": on.isoformat(),
        "written": True,
        "category": "6",
        "opinion_heard_on": on.isoformat(),
        "requested": ["housing", "income"],
    }


def inquiry(consent_id: UUID, on: date, deadline: date) -> Body:
    """A lawyer's inquiry, with what is for the lawyer's friends only."""
    return {
        "consent_id": str(consent_id),
        "purpose": "defence",
        "recipients": ["center-13"],
        "item_classes": [*EVERY_CLASS, "C8"],
        "valid_from": on.isoformat(),
        "obtained_on": on.isoformat(),
        "method": "written",
        "subject": CLIENT,
        "disability": samples.DISABILITY,
        "counsel": COUNSEL,
        "what_is_asked": ["plan_support", "visit_with_counsel"],
        "deadline": deadline.isoformat(),
        "defence_note": "公判では更生支援計画書を提出する方針である。",
    }


def counsels_visit(on: date) -> Body:
    """A visit together with counsel."""
    return {**visit(on), "minutes": 30, "with_counsel": True}


def shared_plan() -> Body:
    """The center's plan, for the trial."""
    return {
        "plan_kind": "service_adjustment",
        "version": 1,
        "goals": samples.PLAN["goals"],
        "items": samples.PLAN["items"],
        "income": samples.PLAN["income"],
    }


def outcome(on: date) -> Body:
    """How the trial ended."""
    return {
        "disposition": "suspended_sentence",
        "decided_on": on.isoformat(),
        "release_on": on.isoformat(),
    }
