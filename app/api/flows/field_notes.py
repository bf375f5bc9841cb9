"""The Japanese of what the flows' fields and sources say in English, for the Japanese pages."""

from collections.abc import Mapping

NOTES: Mapping[str, str] = {
    "1 to 6.": "1〜6",
    "A claim.": "確認を待つ同意",
    "A snapshot, where the parent is special adjustment.": (
        "元の案件が特別調整のときの、その時点の写し"
    ),
    "Agency ids, or kinds of agency.": "機関の識別子か、機関の種類",
    "As far as it may be told to the recipients.": "受け手に伝えてよい範囲で",
    "Between prosecutor and probation office only.": "検察庁と保護観察所の間だけ",
    "Chosen by the sender, unique for ever.": "送り手が選ぶ、二度と使わない番号",
    "The party that withdrew them below.": "下の依頼で撤回した当事者",
    "Only if it was sent in this referral, not below it.": (
        "下の案件ではなく、この案件で送られたときだけ"
    ),
    "Classes, agency ids or kinds of agency. Left out: the whole consent.": (
        "情報の種類、機関の識別子、機関の種類。なければ同意の全部"
    ),
    "Coarse, never the words of a judgment.": "大まかに。判決の文言は書かない",
    "Counsel's leave to ask that office; there is none for prosecutors.": (
        "保護観察所に尋ねてよいという弁護人の了解。検察庁についての了解はない"
    ),
    "Days.": "日数",
    "Each is withdrawn.": "いずれも撤回されているもの",
    "For a prosecutor who joins only now.": "ここで初めて加わる検察庁のために",
    "If one is opened.": "開始するとき",
    "If the new institution has another one.": "新しい施設での番号が違うとき",
    "It names the probation office.": "保護観察所を挙げる同意",
    "Kinds of item, not content.": "項目の種類。中身ではない",
    "Left out when the day is not known.": "日が分からなければ書かない",
    "Left out when the sender is the institution.": "送り手がその施設なら書かない",
    "Left out: every consent recorded in this referral or below. One recorded in a referral above"
    " it has to be named.": "なければこの案件とその下の案件で記録された全ての同意。"
    "親の案件で記録された同意は、挙げたものだけ",
    "Left out: the seat that sends this.": "なければこれを送る席",
    "Left out: until withdrawn.": "なければ撤回されるまで",
    "Minutes.": "分",
    "Needed when offices are closed on release_on.": "`release_on` が閉庁日なら必須",
    "Needed when the day changes.": "日が変わるときは必須",
    "Never leaves this flow.": "この流れの外へ出ない",
    "One of the known values; others are refused.": "既知の値のどれか。ほかは断られる",
    "Part of an anonymous profile here.": "ここでは名前のない概要の一部",
    "The place only, no name of a person.": "場所だけ。人の名は書かない",
    "Times and limits of the place, no names.": "その場所の時間と制限。人の名は書かない",
    "What of it stays.": "そのうち続くもの",
    "null for a defendant.": "被告人なら null",
    "null when not extended.": "延長されていなければ null",
    "null when there is none.": "なければ null",
    "null where parole does not apply.": "仮釈放がなければ null",
}
"""For each description of a field."""

SOURCES: Mapping[str, str] = {
    "design of this service: it completes the agreed tables": (
        "このサービスの設計。当初の表を補うもの"
    ),
    "the name of the official form was not found": "公の様式の名は見つからなかった",
    "the requirements in the wording of the Osaka center's page": (
        "要件は大阪のセンターの頁の言い方による"
    ),
    "支援業務協力依頼書 by name only, its form was not at hand": (
        "支援業務協力依頼書。名だけによる。様式は手元になかった"
    ),
    "特別調整協力等依頼書 by name only, its form was not at hand": (
        "特別調整協力等依頼書。名だけによる。様式は手元になかった"
    ),
}
"""For each part of a body's `SOURCE` that is not a reference in Japanese already."""
