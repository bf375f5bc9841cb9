"""The person (本人) as GIF describes one: names, birth, nationality, address.

Source: デジタル庁 GIF DS-431 (person), DS-433 (address), DS-432 (contact), code list 438-1. The
wire has snake_case names; GIF's own name stands in each field's title.
"""

from datetime import date
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from app.domain.messages.body import Part
from app.domain.messages.fields import AreaCode, BirthDay, Kana, Name, Phone, Words
from app.domain.vocabulary.person import AgeBracket, DatePrecision, Sex
from app.domain.vocabulary.residence import RegistrationState

ELDERLY = 65


class Address(Part):
    """An address (GIF DS-433). The full form is always kept; codes when they are known."""

    full_address: Annotated[Words, Field(title="住所 連結表記 (GIF: fullAddress)")]
    local_government_code: Annotated[
        AreaCode | None, Field(title="全国地方公共団体コード (GIF: localGovernmentCode)")
    ] = None
    street_address_id: Annotated[
        str | None, Field(title="町字ID (GIF: streetAddressId)", pattern=r"^[0-9]{7}$")
    ] = None
    prefecture: Annotated[Name | None, Field(title="都道府県 (GIF: prefecture)")] = None
    city_and_county: Annotated[Name | None, Field(title="市区町村 (GIF: cityAndCounty)")] = None
    street_address: Annotated[Name | None, Field(title="町字 (GIF: streetAddress)")] = None
    city_block: Annotated[Name | None, Field(title="番地以下 (GIF: cityBlock)")] = None
    building_name_etc: Annotated[Name | None, Field(title="建物名等 (GIF: buildingNameEtc)")] = None
    postal_code: Annotated[
        str | None, Field(title="郵便番号 (GIF: postalCode)", pattern=r"^[0-9]{3}-?[0-9]{4}$")
    ] = None


class Birth(Part):
    """When a person was born, as far as it is known."""

    date_of_birth: Annotated[
        BirthDay | None,
        Field(
            title="生年月日 (GIF: dateOfBirth)",
            description="What is not known stands as 01, and dob_precision says so.",
        ),
    ] = None
    dob_precision: Annotated[DatePrecision, Field(title="生年月日の精度")] = DatePrecision.DAY

    @field_validator("dob_precision", mode="after")
    @classmethod
    def _first_where_unknown(cls, value: DatePrecision, info: ValidationInfo) -> DatePrecision:
        day: date | None = info.data.get("date_of_birth")
        if day is not None and day != first_possible(day, value):
            raise PydanticCustomError(
                "birth_not_first", "a month or a day that is not known stands as 01"
            )
        return value

    @model_validator(mode="after")
    def _unknown_or_given(self) -> "Birth":
        if (self.date_of_birth is None) != (self.dob_precision is DatePrecision.UNKNOWN):
            raise PydanticCustomError(
                "birth_precision", "date_of_birth is left out exactly when dob_precision is unknown"
            )
        return self

    def bracket(self, on: date) -> AgeBracket:
        """The age bracket on a day; unknown where the precision leaves it open."""
        if self.date_of_birth is None:
            return AgeBracket.UNKNOWN
        oldest = _age(first_possible(self.date_of_birth, self.dob_precision), on)
        youngest = _age(_last_possible(self.date_of_birth, self.dob_precision), on)
        if (oldest >= ELDERLY) != (youngest >= ELDERLY):
            return AgeBracket.UNKNOWN
        return AgeBracket.GE65 if oldest >= ELDERLY else AgeBracket.LT65


class Person(Birth):
    """A person. No national number is ever kept (マイナンバーは扱わない)."""

    family_name: Annotated[Name, Field(title="氏 (GIF: familyName)")]
    given_name: Annotated[Name, Field(title="名 (GIF: givenName)")]
    family_name_kana: Annotated[Kana | None, Field(title="氏(カナ) (GIF: familyNameKana)")] = None
    given_name_kana: Annotated[Kana | None, Field(title="名(カナ) (GIF: givenNameKana)")] = None
    alternative_name: Annotated[Name | None, Field(title="通称名 (GIF: alternativeName)")] = None
    name_note: Annotated[
        Words | None,
        Field(
            title="氏名の字の注記",
            description="What the register writes and Unicode does not have (外字), in words.",
            examples=["「辻」のしんにょうは点が一つ"],
        ),
    ] = None
    sex: Annotated[Sex, Field(title="性別 (GIF: sex)")] = Sex.UNKNOWN
    nationality: Annotated[
        str | None,
        Field(
            title="国籍 (GIF: nationality)",
            description="ISO 3166-1 alpha-3.",
            pattern=r"^[A-Z]{3}$",
            examples=["JPN"],
        ),
    ] = None
    address: Annotated[Address | None, Field(title="住所 (GIF: address)")] = None
    contact_point_phone_number: Annotated[
        Phone | None, Field(title="連絡先電話番号 (GIF: contactPointPhoneNumber)")
    ] = None
    contact_point_extension: Annotated[
        str | None, Field(title="内線番号", pattern=r"^[0-9]{1,10}$")
    ] = None


class RegisteredAddress(Part):
    """Where a person is registered as a resident (住民登録), and in which state that is."""

    registration_state: Annotated[RegistrationState, Field(title="住民登録の状態")]
    address: Annotated[
        Address | None, Field(title="住民登録住所 (GIF: registeredResidentAddress)")
    ] = None


def first_possible(day: date, precision: DatePrecision) -> date:
    """The first day that a day of this precision can be."""
    if precision is DatePrecision.YEAR:
        return day.replace(month=1, day=1)
    return day.replace(day=1) if precision is DatePrecision.MONTH else day


def _last_possible(earliest: date, precision: DatePrecision) -> date:
    if precision is DatePrecision.YEAR:
        return earliest.replace(month=12, day=31)
    if precision is DatePrecision.MONTH:
        return _end_of_month(earliest)
    return earliest


def _end_of_month(day: date) -> date:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


def _age(born: date, on: date) -> int:
    # 年齢計算ニ関スル法律 lets a year be complete at the end of the eve of the birthday; a center's
    # table counts, as everybody does, from the birthday.
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
