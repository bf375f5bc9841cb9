"""The law or ruling on which a message rests."""

from app.domain.vocabulary.code import Code


class LegalBasis(Code):
    """What law or ruling a message rests on (domain reference 2.0)."""

    RPA_82 = "rpa_82", "更生保護法82条 収容中の者に対する生活環境の調整"
    RPA_83 = "rpa_83", "更生保護法83条 保護観察付執行猶予の言渡しを受けた者の生活環境の調整"
    RPA_83_2 = "rpa_83_2", "更生保護法83条の2 勾留中の被疑者に対する生活環境の調整"
    RPA_85 = "rpa_85", "更生保護法85条 更生緊急保護"
    RPA_86 = "rpa_86", "更生保護法86条 更生緊急保護の申出等"
    RPA_88_2 = "rpa_88_2", "更生保護法88条の2 刑執行終了者等に対する援助"
    RPA_88_3 = "rpa_88_3", "更生保護に関する地域援助"
    MOJ_RULE_112 = "moj_rule_112", "平成20年法務省令28号112条 調整すべき事項"
    MOJ_RULE_118 = "moj_rule_118", "同118条 書面による申出"
    MOJ_RULE_121 = "moj_rule_121", "同121条 期間の延長"
    CIRCULAR_244 = "circular_244", "平成21年4月法務省保観第244号 矯正局長・保護局長通達(特別調整)"
    MHLW_GUIDELINE = "mhlw_guideline", "地域生活定着支援センターの事業及び運営に関する指針等"
    RPL_17_21 = "rpl_17_21", "再犯防止推進法17条・21条"
    MHWA_23_26 = "mhwa_23_26", "精神保健福祉法23条から26条 通報"
    CONSENT_ONLY = "consent_only", "本人の同意のみ"
