"""Facts about a person: sex, age, and what helps them to understand."""

from app.domain.vocabulary.code import Code


class Sex(Code):
    """GIF SexCodeList (code list 438-1, ISO/IEC 5218)."""

    UNKNOWN = "0", "不明"
    MALE = "1", "男性"
    FEMALE = "2", "女性"
    NOT_APPLICABLE = "9", "適用不能"


class DatePrecision(Code):
    """How much of a birth date is known."""

    DAY = "day", "年月日まで判明"
    MONTH = "month", "年月まで判明"
    YEAR = "year", "年のみ判明"
    UNKNOWN = "unknown", "不明"


class AgeBracket(Code):
    """The rows of the yearly table: the age on the settlement day."""

    GE65 = "ge65", "65歳以上"
    LT65 = "lt65", "65歳未満"
    UNKNOWN = "unknown", "不明"


class AgeBand(Code):
    """An age without a birth date."""

    UNDER_20 = "under_20", "20歳未満"
    TWENTIES = "20_29", "20歳代"
    THIRTIES = "30_39", "30歳代"
    FORTIES = "40_49", "40歳代"
    FIFTIES = "50_59", "50歳代"
    EARLY_SIXTIES = "60_64", "60から64歳"
    LATE_SIXTIES = "65_69", "65から69歳"
    SEVENTIES = "70_79", "70歳代"
    OVER_80 = "80_over", "80歳以上"
    UNKNOWN = "unknown", "不明"


class CommunicationSupport(Code):
    """What helps a person to understand and to be understood: known values."""

    EASY_JAPANESE = "easy_japanese", "やさしい日本語"
    FURIGANA = "furigana", "ふりがな"
    HEARING = "hearing", "聞こえへの配慮"
    SIGN = "sign", "手話"
    INTERPRETER = "interpreter", "通訳"
