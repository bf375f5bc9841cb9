"""Parts of the examples: an invented person whose referral runs through all of them."""

from collections.abc import Mapping
from typing import Any

CONSENT_ID = "01936b7e-2f00-7c3a-9d52-6b1f0c4e8a11"
CONSENT_RENEWED_ID = "01936b7e-2f00-7c3a-9d52-6b1f0c4e8a12"
CONSENT_REGIONAL_ID = "01936b7e-2f00-7c3a-9d52-6b1f0c4e8a13"
CONSENT_IN_CHILD_ID = "01936b7e-2f00-7c3a-9d52-6b1f0c4e8a17"
CONSENT_SUSPECT_ID = "01936b7e-2f00-7c3a-9d52-6b1f0c4e8a14"
CONSENT_CLIENT_ID = "01936b7e-2f00-7c3a-9d52-6b1f0c4e8a15"
CONSENT_PROBATION_ID = "01936b7e-2f00-7c3a-9d52-6b1f0c4e8a16"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

SUBJECT: Mapping[str, Any] = {
    "family_name": "繋",
    "given_name": "太郎",
    "family_name_kana": "ツナグ",
    "given_name_kana": "タロウ",
    "date_of_birth": "1954-05-05",
    "dob_precision": "day",
    "sex": "1",
    "nationality": "JPN",
    "address": {
        "full_address": "東京都架空市見本町1丁目2番3号",
        "prefecture": "東京都",
    },
}
DISABILITY: Mapping[str, Any] = {
    "physical": {"present": False},
    "intellectual": {"present": True, "basis": ["certificate"], "since": "1990-04-01"},
    "mental": {"present": False},
}
CERTIFICATES: list[Mapping[str, Any]] = [
    {
        "kind": "intellectual_cert",
        "state": "held",
        "grade": "B",
        "local_grade": "愛の手帳4度",
        "issuer_lgcode": "130001",
    }
]
REQUIREMENTS: Mapping[str, Any] = {
    "req1_elderly_or_disabled": {
        "met": True,
        "elderly": True,
        "physical": False,
        "intellectual": True,
        "mental": False,
        "basis": ["certificate"],
    },
    "req2_no_residence_after_release": {"met": True, "basis": "refused_by_family"},
    "req3_needs_welfare_services": {
        "met": True,
        "services": ["housing", "public_assistance", "disability_service"],
    },
    "req4_appropriate_for_rehabilitation": {
        "met": True,
        "judged_by": "probation_office_head",
        "judged_on": "2026-02-16",
    },
    "req5_wishes_to_be_subject": {
        "met": True,
        "stated_on": "2026-01-20",
        "method": "written",
    },
    "req6_consents_to_information_provision": {
        "met": True,
        "consent_id": CONSENT_ID,
        "scope": ["health_welfare_agencies"],
    },
}
REQUIREMENTS_GENERAL: Mapping[str, Any] = {
    **REQUIREMENTS,
    "req2_no_residence_after_release": {"met": False},
}
CANDIDATE_REQUIREMENTS: Mapping[str, Any] = {
    name: requirement
    for name, requirement in REQUIREMENTS.items()
    if not name.startswith(("req4", "req6"))
}
DESIRED_AREA: list[Mapping[str, Any]] = [{"area": "130001", "rank": 1}]
EXPECTED_RELEASE: Mapping[str, Any] = {
    "kind": "full_term",
    "date": "2027-03-15",
    "confidence": "estimated",
}
REGISTERED_ADDRESS: Mapping[str, Any] = {"registration_state": "ex_officio_deleted"}
PROHIBITIONS: list[Mapping[str, Any]] = [
    {"kind": "no_contact", "detail": "被害者への接触をしないこと"}
]
CONSENT: Mapping[str, Any] = {
    "consent_id": CONSENT_ID,
    "purpose": "special_adjustment",
    "recipients": ["settlement_center"],
    "item_classes": ["C1", "C2", "C3", "C4", "C5", "C6", "C7"],
    "c4_items": ["offence_category", "release_date"],
    "valid_from": "2026-02-10",
    "obtained_on": "2026-02-10",
    "method": "written",
    "form_sha256": SHA256,
    "place": "面談室",
    "communication_aids": ["furigana", "easy_japanese"],
    "supporter": {"kind": "none"},
}
WORKER: Mapping[str, Any] = {"worker_seat": "center-13.case_worker", "worker_name": "架空 担当"}
INTERVIEW: Mapping[str, Any] = {
    "held_on": "2026-04-08",
    "minutes": 60,
    "participants": [{"seat": "center-13.case_worker"}, {"role": "福祉専門官"}],
    "mode": "in_person",
    "captured_at": "2026-04-08T14:30:00+09:00",
    "entered_at": "2026-04-09T09:10:00+09:00",
    "wishes": "静かなところで暮らし、日中は軽い作業をしたい。",
    "strengths": "毎日の作業を休まず続けている。",
    "needs": ["housing", "income", "daily_activity"],
    "communication_support": ["easy_japanese"],
    "health_note": "高血圧の薬を毎朝服用している。",
    "next_on": "2026-04-22",
}
PLAN: Mapping[str, Any] = {
    "version": 1,
    "goals": ["グループホームで生活し、通所先に週4日通う。"],
    "items": [
        {
            "domain": "housing",
            "action": "共同生活援助の体験利用を申し込む。",
            "agency_id": "center-13",
            "due_on": "2026-07-31",
            "state": "planned",
        }
    ],
    "municipality_in_charge": [{"lg_code": "131016", "basis": "service_provision"}],
    "resident_registration_action": "帰住後14日以内に転入届を出す。",
    "certificates_to_apply": ["support_category"],
    "insurance": "国民健康保険に加入する。",
    "income": "障害基礎年金の裁定を請求する。",
    "placement_candidates": ["グループホーム見本"],
    "risk_and_care_notes": "急な予定の変更は前日までに伝える。",
}
PLACEMENT: Mapping[str, Any] = {
    "residence_kind": "group_home_disability",
    "place": "グループホーム見本",
    "available_from": "2027-03-15",
    "address": {"full_address": "東京都架空市見本町4丁目5番6号"},
    "facility_contact": "管理者 (03)0000-0000",
}
ARRANGEMENT: Mapping[str, Any] = {
    "release_on": "2027-03-15",
    "time": "08:30",
    "gate_agency": "prison-fuchu",
    "escorts": [{"agency_id": "center-13", "name": "架空 担当"}],
    "route": "施設の車で移動し、市役所に寄る。",
    "first_night_placement": {
        "residence_kind": "group_home_disability",
        "name": "グループホーム見本",
    },
    "checklist": [
        {"code": "resident_registration", "done": False},
        {"code": "health_insurance", "done": True},
        {"code": "key_contact_card", "done": True},
    ],
    "medication_days_supply": 14,
}
