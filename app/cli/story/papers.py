"""What the story's messages say, made of the examples that the service publishes."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from app.domain.messages.payloads import samples

Body = Mapping[str, Any]

EVERY_CLASS = ["C1", "C2", "C3", "C4", "C5", "C6", "C7"]
OSAKA_AREA = "270008"
OSAKA_HOME = {"full_address": "大阪府架空市見本町4丁目5番6号"}


def candidate(release: date, wish: date) -> Body:
    """A prison's notice of a candidate."""
    return {
        "subject": samples.SUBJECT,
        "sentence_kind": "choeki",
        "sentence_end_date": release.isoformat(),
        "parole_eligible_from": None,
        "requirements": {
            **samples.CANDIDATE_REQUIREMENTS,
            "req5_wishes_to_be_subject": _wish(wish),
        },
        "disability": samples.DISABILITY,
        "certificates": samples.CERTIFICATES,
        "health_summary": "高血圧。歩行に支障はない。",
        "desired_area": [{"area": OSAKA_AREA, "rank": 1}],
        "expected_release": full_term(release),
        "registered_address": samples.REGISTERED_ADDRESS,
        "wish_confirmed_on": wish.isoformat(),
    }


def requirements(consent_id: UUID, judged: date) -> Body:
    """All six requirements, met."""
    return {
        **samples.REQUIREMENTS,
        "req4_appropriate_for_rehabilitation": {
            "met": True,
            "judged_by": "probation_office_head",
            "judged_on": judged.isoformat(),
        },
        "req5_wishes_to_be_subject": _wish(judged),
        "req6_consents_to_information_provision": {
            "met": True,
            "consent_id": str(consent_id),
            "scope": ["health_welfare_agencies"],
        },
    }


def consent(
    consent_id: UUID, on: date, recipients: list[str], purpose: str = "special_adjustment"
) -> Body:
    """A consent to telling these recipients everything that the work needs."""
    return {
        "consent_id": str(consent_id),
        "purpose": purpose,
        "recipients": recipients,
        "item_classes": EVERY_CLASS,
        "valid_from": on.isoformat(),
        "obtained_on": on.isoformat(),
        "method": "written",
    }


def cooperation(consent_id: UUID, on: date, release: date) -> Body:
    """The probation office's request to a center (特別調整協力等依頼書)."""
    return {
        "request_no": "保観第130号",
        "requested_on": on.isoformat(),
        "response_due": (on + timedelta(days=14)).isoformat(),
        "adjust_result": "special",
        "requirements": requirements(consent_id, on),
        "subject": samples.SUBJECT,
        "disability": samples.DISABILITY,
        "certificates": samples.CERTIFICATES,
        "desired_area": [{"area": OSAKA_AREA, "rank": 1}],
        "expected_release": full_term(release),
        "adjust_items": ["1", "6"],
        "offence_category": "theft",
        "registered_address": samples.REGISTERED_ADDRESS,
        "prohibitions": samples.PROHIBITIONS,
    }


def interview(on: date, seat: str) -> Body:
    """The record of an interview."""
    return {
        "held_on": on.isoformat(),
        "place_agency": "prison-fuchu",
        "minutes": 60,
        "participants": [{"seat": seat}, {"role": "福祉専門官"}],
        "mode": "in_person",
        "wishes": samples.INTERVIEW["wishes"],
        "strengths": samples.INTERVIEW["strengths"],
        "needs": samples.INTERVIEW["needs"],
        "communication_support": ["easy_japanese"],
        "health_note": samples.INTERVIEW["health_note"],
    }


def regional_request(consent_id: UUID, due: date, release: date) -> Body:
    """One center's request to another (支援業務協力依頼書)."""
    return {
        "request_no": "定着第21号",
        "origin_flow": "special_adjustment",
        "consent_id": str(consent_id),
        "response_due": due.isoformat(),
        "tasks_asked": ["placement", "escort", "followup"],
        "subject": samples.SUBJECT,
        "disability": samples.DISABILITY,
        "desired_area": [{"area": OSAKA_AREA, "rank": 1}],
        "tie": "past_residence",
        "expected_release": full_term(release),
        "assessment_summary": "軽い作業と見守りのある住まいを希望している。",
    }


def placement(available: date) -> Body:
    """A group home in Osaka."""
    return {
        **samples.PLACEMENT,
        "available_from": available.isoformat(),
        "address": OSAKA_HOME,
    }


def custody_change(old: date, new: date, on: date) -> Body:
    """The day of release moves."""
    return {
        "change": "release_date_moved",
        "effective_on": on.isoformat(),
        "reported_on": on.isoformat(),
        "old": old.isoformat(),
        "new": new.isoformat(),
        "release_on": new.isoformat(),
        "release_kind": "full_term",
    }


def arrangement(release: date, *, plan: bool) -> Body:
    """The day of release, with or without a plan for closed offices."""
    paper = {
        **samples.ARRANGEMENT,
        "release_on": release.isoformat(),
        "escorts": [{"agency_id": "center-27", "name": "架空 相談"}],
    }
    holiday_plan = {"holiday_plan": "翌開庁日の朝に、区役所での転入と生活保護の申請に同行する。"}
    return {**paper, **holiday_plan} if plan else paper


def settlement(on: date) -> Body:
    """He lives there now."""
    return {
        "settled_on": on.isoformat(),
        "residence_kind": "group_home_disability",
        "disability": samples.DISABILITY,
        "birth": {"date_of_birth": samples.SUBJECT["date_of_birth"], "dob_precision": "day"},
    }


def full_term(release: date) -> Body:
    """An expected release at the end of the term."""
    return {"kind": "full_term", "date": release.isoformat(), "confidence": "estimated"}


def _wish(on: date) -> Body:
    return {"met": True, "stated_on": on.isoformat(), "method": "written"}
