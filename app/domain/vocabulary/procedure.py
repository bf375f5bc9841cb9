"""The criminal procedure: offences, stages, decisions and sentences."""

from app.domain.vocabulary.code import Code


class OffenceCategory(Code):
    """Coarse kinds of offences, never the words of a judgment: known values."""

    THEFT = "theft", "窃盗"
    FRAUD = "fraud", "詐欺"
    ASSAULT = "assault", "傷害・暴行"
    SEXUAL = "sexual", "性犯罪"
    ARSON = "arson", "放火"
    HOMICIDE = "homicide", "殺人等"
    DRUGS = "drugs", "薬物"
    TRAFFIC = "traffic", "交通"
    OTHER = "other", "その他"


class ProcedureStage(Code):
    """What a person is in the procedure, beside the state of the support."""

    SUSPECT = "suspect", "被疑者"
    DEFENDANT = "defendant", "被告人"
    NOT_PROSECUTED = "not_prosecuted", "不起訴"
    CONVICTED = "convicted", "有罪"
    ACQUITTED = "acquitted", "無罪"


class Disposition(Code):
    """What prosecutors and courts decide."""

    SUSPENDED_PROSECUTION = "suspended_prosecution", "起訴猶予"
    RELEASED_PENDING = "released_pending", "処分保留釈放"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence", "嫌疑不十分"
    NO_SUSPICION = "no_suspicion", "嫌疑なし"
    OTHER_NONPROSECUTION = "other_nonprosecution", "その他不起訴"
    SUMMARY_FINE = "summary_fine", "略式命令・罰金"
    INDICTED = "indicted", "公判請求"
    SUSPENDED_SENTENCE = "suspended_sentence", "執行猶予(保護観察なし)"
    SUSPENDED_SENTENCE_PROBATION = "suspended_sentence_probation", "保護観察付執行猶予"
    PARTIAL_SUSPENSION = "partial_suspension", "一部執行猶予"
    IMPRISONMENT = "imprisonment", "実刑"
    ACQUITTED = "acquitted", "無罪"
    MEDICAL_OBSERVATION_PETITION = "medical_observation_petition", "医療観察法申立て"


class SentenceKind(Code):
    """Kinds of sentences. Imprisonment is one kind (拘禁刑) since 2025-06-01; old names stay."""

    KOKIN = "kokin", "拘禁刑"
    CHOEKI = "choeki", "懲役(旧)"
    KINKO = "kinko", "禁錮(旧)"
    KORYU = "koryu", "拘留"
    FINE = "fine", "罰金"
    PETTY_FINE = "petty_fine", "科料"
    PROTECTIVE_MEASURE = "protective_measure", "保護処分(少年院送致)"
