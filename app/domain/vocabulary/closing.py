"""Why a referral ends, and which reasons apply to which kind of support."""

from collections.abc import Mapping

from app.domain.vocabulary.code import Code


class CloseReason(Code):
    """Why a referral ends (終結事由)."""

    SETTLED = "settled", "帰住・受入先に定着"
    WITHDRAWN_BY_REQUESTER = "withdrawn_by_requester", "依頼の取下げ"
    DECLINED_BY_SUBJECT = "declined_by_subject", "本人の辞退"
    CONSENT_WITHDRAWN = "consent_withdrawn", "同意の撤回"
    NOT_SELECTED = "not_selected", "不選定"
    REQUIREMENT_LOST = "requirement_lost", "要件喪失(住居が確保された等)"
    FAMILY_TOOK_OVER = "family_took_over", "親族等の引受け"
    RELEASED_WITHOUT_PLACEMENT = "released_without_placement", "受入先未定のまま釈放"
    TRANSFERRED_INSTITUTION = "transferred_institution", "他施設へ移送(担当替え)"
    MOVED_TO_OTHER_CENTER = "moved_to_other_center", "他センターへ移管"
    PROSECUTOR_OBJECTED = "prosecutor_objected", "検察官の不相当意見"
    IMPRISONED = "imprisoned", "実刑・収容"
    REOFFENCE_CUSTODY = "reoffence_custody", "再逮捕・再入所"
    FURTHER_PROSECUTION = "further_prosecution", "余罪の起訴等で釈放延期"
    ACQUITTED_OR_CLEARED = "acquitted_or_cleared", "無罪・嫌疑なし"
    HOSPITALISED = "hospitalised", "入院(措置・医療保護・一般)"
    WHEREABOUTS_UNKNOWN = "whereabouts_unknown", "所在不明"
    HANDED_TO_LOCAL = "handed_to_local", "地域の支援者へ移行"
    ADVICE_ONLY = "advice_only", "助言のみで終了"
    OUT_OF_SCOPE = "out_of_scope", "対象外"
    NO_CAPACITY = "no_capacity", "受入れ不可"
    NOT_ACCEPTED = "not_accepted", "不受託・返戻"
    DEPORTATION = "deportation", "退去強制"
    DIED = "died", "死亡"
    ENTERED_IN_ERROR = "entered_in_error", "誤登録"


class ReopenReason(Code):
    """Why a closed referral is reopened (再開事由)."""

    CLOSED_IN_ERROR = "closed_in_error", "誤って終結した"
    STILL_WANTED = "still_wanted", "本人がなお支援を望んでいる"
    CIRCUMSTANCES_CHANGED = "circumstances_changed", "事情が変わった"
    OBJECTED = "objected", "他の当事者の異議"


EXIT, ENTRY, REGIONAL, ADVICE = "a", "b", "c", "e"
"""Kinds of support, by the letters of the domain reference: on leaving an institution, before a
judgment, between centers, and advice only."""


_APPLIES: Mapping[CloseReason, str] = {
    CloseReason.SETTLED: "abc",
    CloseReason.WITHDRAWN_BY_REQUESTER: "abce",
    CloseReason.DECLINED_BY_SUBJECT: "abdefg",
    CloseReason.CONSENT_WITHDRAWN: "abcdfg",
    CloseReason.NOT_SELECTED: "a",
    CloseReason.REQUIREMENT_LOST: "a",
    CloseReason.FAMILY_TOOK_OVER: "ab",
    CloseReason.RELEASED_WITHOUT_PLACEMENT: "ab",
    CloseReason.TRANSFERRED_INSTITUTION: "ab",
    CloseReason.MOVED_TO_OTHER_CENTER: "acd",
    CloseReason.PROSECUTOR_OBJECTED: "b",
    CloseReason.IMPRISONED: "bd",
    CloseReason.REOFFENCE_CUSTODY: "d",
    CloseReason.FURTHER_PROSECUTION: "a",
    CloseReason.ACQUITTED_OR_CLEARED: "b",
    CloseReason.HOSPITALISED: "abdf",
    CloseReason.WHEREABOUTS_UNKNOWN: "bde",
    CloseReason.HANDED_TO_LOCAL: "de",
    CloseReason.ADVICE_ONLY: "e",
    CloseReason.OUT_OF_SCOPE: "e",
    CloseReason.NO_CAPACITY: "fg",
    CloseReason.NOT_ACCEPTED: "bc",
    CloseReason.DEPORTATION: "ab",
    CloseReason.DIED: "abcdefg",
    CloseReason.ENTERED_IN_ERROR: "abcdefg",
}


EVERY_REASON = frozenset(_APPLIES)
"""For a flow of which the field has not said yet which reasons apply."""


def close_reasons(*kinds: str) -> frozenset[CloseReason]:
    """The reasons for which support of these kinds may end."""
    return frozenset(reason for reason, applies in _APPLIES.items() if set(kinds) & set(applies))
