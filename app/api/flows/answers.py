"""The shapes of the answers about flows: each mark of a table, and what a client builds on."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.wire.documented import both
from app.api.wire.schemas import Shape
from app.domain.state_machine.examples import ConsentIs, Place


def _said(ja: str, en: str) -> Any:
    return Field(description=both(ja, en))


class Words(Shape):
    """日本語と英語の言葉。

    Words in Japanese and English.
    """

    ja: str
    en: str


class FlowSummary(Shape):
    """流れの名前と、詳しい頁の場所。

    The name of a flow, and where it is described in full.
    """

    name: str
    title: Words
    self: Annotated[str, _said("全てを読む場所", "Where all of it is")]
    diagram: Annotated[str, _said("状態遷移図の場所", "Where its state diagram is")]


class FlowList(Shape):
    """流れの一覧。

    The flows.
    """

    items: list[FlowSummary]


class FlowParty(Shape):
    """流れの当事者。

    A party of a flow.
    """

    name: str
    title: Words
    kinds: Annotated[list[str], _said("なれる機関の種類", "The kinds of agency that it may be")]
    classes: Annotated[
        list[str],
        _said(
            "開けるデータ区分。自らが送ったものは、全ての区分を開ける",
            "The data classes that it may open; of what it sent itself, all of them",
        ),
    ]
    by_consent: Annotated[
        bool,
        _said(
            "真なら、C0 のほかは本人の同意のある区分だけが届く。条件に `consent_covers` のある行の"
            "通信文は、同意が足りなければ断られる。ほかの行の通信文は受け付けられ、この当事者に"
            "届く区分が狭まる",
            "If true, it receives more than C0 only with the person's consent. A message of a row"
            " with the guard `consent_covers` is refused where consent is lacking; of any other"
            " message it receives only the classes that consent covers",
        ),
    ]


class FlowState(Shape):
    """流れの状態。

    A state of a flow.
    """

    name: str
    title: Words
    returns: Annotated[
        bool, _said("真なら、前の状態に戻れる", "If true, `<` leads from it to the state before it")
    ]


class FlowField(Shape):
    """通信文の項目。

    A field of a message.
    """

    name: str
    title: str | None
    class_: Annotated[str, Field(alias="class", description=both("データ区分", "Its data class"))]
    required: bool


class FlowParent(Shape):
    """この通信文が、どの流れの、どの状態の案件の下に案件を開けるか。

    Under which referrals a message opens another: their flow and states. The sender leads them.
    """

    flow: str
    states: list[str]


class FlowMessage(Shape):
    """通信文の種類。

    A message type.
    """

    type: str
    title: Words
    opens: Annotated[bool, _said("真なら案件を開く", "If true, it opens a referral")]
    takes_parent: Annotated[
        bool,
        _said(
            "真なら `parent` が要る。偽なら `parent` は断られる(`not_taken`)",
            "If true, `parent` is required; if false, it is refused (`not_taken`)",
        ),
    ]
    parents: Annotated[
        list[FlowParent],
        _said("`parent` になれる案件", "The referrals that `parent` may be"),
    ]
    records_consent: Annotated[
        str | None,
        _said(
            "同意を記録する通信文の、同意の番号の場所。番号は毎回新しく選ぶ",
            "Where a message that records a consent has its id, which is a new one each time",
        ),
    ] = None
    example_to: Annotated[
        dict[str, str],
        _said(
            "例の `to`。行の `joins` にある当事者の分だけを送る",
            "`to` in the example. Send what of it is in the row's `joins`",
        ),
    ]
    sent_by_service: Annotated[
        bool, _said("真ならこのサービスだけが記録する", "If true, only the service records it")
    ]
    fields: list[FlowField]
    schema_: Annotated[
        str,
        Field(
            alias="schema",
            description=both(
                "本文の JSON Schema の場所。例もある",
                "Where the JSON Schema of its body is, with an example",
            ),
        ),
    ]
    page: Annotated[str, _said("説明の頁", "The page that describes it")]


class GuardName(Shape):
    """条件の符号と題。

    The code and title of a guard.
    """

    name: str
    title: Words


class FlowGuard(GuardName):
    """条件と、断るときに `needs` に挙げうるもの。

    A guard, and all that its refusal may name in `needs`.
    """

    needs: Annotated[
        list[str],
        _said(
            "`/body/…`、`/to/…`、`/consent_ids`、`/parent` は通信文の中、`/facts/…` と `/lead` は"
            "読んだ案件の中の場所。ほかは、先に要る通信文の種類",
            "`/body/…`, `/to/…`, `/consent_ids` and `/parent` are places in the message,"
            " `/facts/…` and `/lead` in the referral as it is read; others are message types that"
            " have to come first",
        ),
    ]
    everywhere: Annotated[
        bool,
        _said(
            "真なら、案件を開くもののほか全ての通信文に当てはまり、行の `guards` にはない。"
            "`needs` の `/body` は本文のどの項目でもありうる",
            "If true, it holds for every message but one that opens a referral, and is not in"
            " `guards` of rows. `/body` in `needs` stands for any field of the body",
        ),
    ]


class RowReader(Shape):
    """行の通信文を受け取る当事者。

    A party that receives the message of a row.
    """

    party: str
    classes: Annotated[list[str], _said("届く区分", "The classes that it receives")]
    if_named: Annotated[
        bool,
        _said(
            "真なら、通信文の同意に挙げられたときだけ。`x:C0` の行でも、挙げられれば全て届く",
            "If true, only where the message's consent names it; this holds before `x:C0`",
        ),
    ]
    if_informed: Annotated[
        bool,
        _said(
            "真なら、この通信文で終わる当事者がいることを知らされていたときだけ",
            "If true, only where it was told of the party that ends by the message",
        ),
    ]
    joins: Annotated[
        bool, _said("新たにこの当事者となる機関", "The agency that becomes this party by it")
    ]
    leaves: Annotated[
        bool, _said("この当事者でなくなる機関", "The agency that ceases to be this party by it")
    ]
    may_send: Annotated[
        bool,
        _said(
            "真なら、自らが送信者のときは届かない",
            "If true, it may be the sender, and then gets none",
        ),
    ]


class RowTakes(Shape):
    """行が受け入れる値。`values` のどれか、`all_of` の全て、または `fact` の値。

    The values that a row takes: one of `values`, all of `all_of`, or the value of `fact`.
    """

    pointer: Annotated[str, _said("通信文の中の場所", "The place in the message (JSON Pointer)")]
    values: list[str | bool] | None = None
    all_of: Annotated[
        list[str] | None,
        _said("検察庁が当事者のときは、その全て", "Where a prosecutor is a party, all of these"),
    ] = None
    fact: Annotated[
        str | None, _said("案件のこの事実と同じ値", "The value of this fact of the referral")
    ] = None


class RowNeeds(Shape):
    """例が受け入れられる前に要るもの。

    What the row's example needs before it is accepted.
    """

    consent: Annotated[
        str | None,
        _said(
            "例のこの場所の番号の同意が、`recorded_in` のどれかにあり、`consent_is` であること",
            "The consent whose id stands at this place of the example is recorded in one of"
            " `recorded_in`, and is `consent_is`",
        ),
    ] = None
    consent_is: Annotated[
        ConsentIs | None,
        _said(
            "`valid`: 撤回も期限切れもなく、確認待ちでもない。`withdrawn`: 撤回された。"
            "`claimed`: 確認待ち(`vouching` を参照)",
            "`valid`: neither withdrawn nor expired, and no claim; `withdrawn`; `claimed`: it waits"
            " to be confirmed (see `vouching`)",
        ),
    ] = None
    recorded_in: Annotated[
        list[Place] | None,
        _said(
            "`referral`: この案件、`above`: その上の案件、`below`: その下の案件。この案件が同意停止"
            "の間は、ほかの状態がその上にあっても、`confirm_consent` は `below` を受け入れない",
            "`referral`: this referral, `above`: one above it, `below`: one below it. While this"
            " referral is suspended, under another state too, `confirm_consent` takes none of"
            " `below`",
        ),
    ] = None
    type: Annotated[
        str | None, _said("先に要る通信文の種類", "A message type that has to come first")
    ] = None
    body: Annotated[
        dict[str, Any] | None,
        _said("その例と違うところ", "The members in which its body differs from its example"),
    ] = None
    fact: Annotated[
        str | None,
        _said("この事実が `value` なら要らない", "Not needed where this fact is `value`"),
    ] = None
    value: str | bool | None = None


class FlowRow(Shape):
    """表の行。どの状態で、誰が、何を送れて、どこへ進み、誰に届くか。起こりえない行はない。

    A row of the table: in which states who may send what, where that leads, and who receives it.
    Only rows that can happen are published.
    """

    from_: Annotated[
        list[str],
        Field(
            alias="from", description=both("状態。`new` は案件を開く", "States; `new` opens one")
        ),
    ]
    type: str
    title: Words
    by: Annotated[
        list[str],
        _said(
            "送れる当事者。`lead` は主担当の機関、`sys` はこのサービス自身",
            "The parties that may send it; `lead` is the agency that leads the case, `sys` the"
            " service itself",
        ),
    ]
    seat: Annotated[
        Literal["any", "decider"],
        _said("`decider` は決裁者の席だけ", "`decider`: from a decider's seat only"),
    ]
    on_paper: Annotated[
        Literal["recipient", "deciding"] | None,
        _said(
            "紙で届いたとき(`paper_origin`)に入力する者。`recipient` は受け手で、席は `seat` の"
            "とおり。`deciding` は `deciding` の当事者の決裁者だけで、その機関が参加していなければ"
            "受け手の決裁者。ほかは `not_your_step`。null はサービスの通信文",
            "Who keys it in if it came on paper (`paper_origin`). `recipient`: one of its"
            " recipients, from the seat in `seat`. `deciding`: only a decider of the party in"
            " `deciding`, or any recipient's decider where that agency is not connected; others get"
            " `not_your_step`. null: the service itself reports it",
        ),
    ] = None
    to: Annotated[
        str,
        _said(
            "次の状態。`=` は状態を変えず、`<` は直前の状態に戻る。今の状態の下にもうある"
            "側の状態(`suspended_consent` など)に進む行では、状態は変わらない",
            "The next state; `=` keeps the state, `<` returns to the one before. A side state"
            " (such as `suspended_consent`) that already lies beneath the present one stays"
            " there: the state is kept",
        ),
    ]
    copies: Annotated[
        list[str],
        _said(
            "受け手。`x` は当事者、`x:C0` は C0 だけ、`others` は送り手のほかの全当事者、`named` は"
            "通信文の同意に挙げられた当事者、`informed:C0` は終わる当事者のいることを知らされていた"
            "当事者。二つが当てはまれば、両方の区分が届く(`named` と"
            " `x:C0` なら、挙げられた当事者に全て)。加わる機関と終わる機関の写しもある",
            "Recipients: `x` is a party, `x:C0` gets C0 alone, `others` is every party but the"
            " sender, `named` each party that the message's consent names, `informed:C0` each party"
            " that was told of the one that ends by it. A party to which two apply gets the"
            " classes of both (with `named` and `x:C0`: all, if it is named). Copies for those who"
            " join or end by the message are among them",
        ),
    ]
    readers: Annotated[
        list[RowReader],
        _said(
            "同じことを、当事者と区分ごとに。その時に当事者でない者には届かない",
            "The same by party and class. Whoever is no party then receives nothing",
        ),
    ]
    joins: Annotated[
        list[str],
        _said("この通信文で当事者になる", "Become parties by it; name the agency in `to`"),
    ]
    ends: Annotated[
        list[str],
        _said(
            "この通信文で当事者でなくなる。`joins` にもあれば、別の機関が代わり、"
            "その事実と期限を引き継ぐ",
            "Cease to be parties by it; one that is in `joins` too is replaced by another agency,"
            " which has its facts and deadlines",
        ),
    ]
    guards: list[GuardName]
    takes: Annotated[
        list[RowTakes],
        _said(
            "この行で全ての値は受け入れられない項目",
            "The fields of which this row does not take all values",
        ),
    ]
    needs: list[RowNeeds]
    reports: Annotated[
        str | None,
        _said("親案件に記録される出来事", "The event that it records in the parent referral"),
    ] = None
    lead: Annotated[
        str | None,
        _said(
            "主担当となる当事者。`-` はなし", "The party that leads from then on; `-` for nobody"
        ),
    ] = None
    erases: Annotated[bool, _said("鍵を破棄する", "The referral's keys are destroyed")]
    added: Annotated[bool, _said("表を補う行", "It completes the tables as first agreed")]
    shares: Annotated[
        list[str],
        _said(
            "親案件の通信文を `shared_messages` で見せられる区分。空なら断られる",
            "The classes of the parent's messages that `shared_messages` may show; empty: refused",
        ),
    ]


class FlowFact(Shape):
    """案件の事実。

    A fact of a referral (`facts` of `GET /v1/referrals/{referral_id}`).
    """

    name: str
    class_: Annotated[
        str, Field(alias="class", description=both("見るのに要る区分", "The class that shows it"))
    ]
    is_deadline: Annotated[bool, _said("期限になる日", "A day that is a deadline")]
    set_by: Annotated[list[str], _said("設定する通信文", "The messages that set it")]


class FlowClass(Shape):
    """データ区分。

    A data class.
    """

    class_: Annotated[str, Field(alias="class")]
    title: Words


class FlowOut(Shape):
    """流れの全て。

    All of a flow.
    """

    name: str
    title: Words
    deciding: Annotated[
        str,
        _said(
            "撤回と辞退を確認する当事者。`lead` は主担当。死亡・辞退などでこの当事者自身が止めた"
            "案件を再開できるのは、この当事者だけ(ほかの当事者の `<` の行は `not_your_step`)。"
            "死亡の確認を待つ間は、ほかの停止が上にあっても、終結できるのもこの当事者だけ",
            "The party that confirms a withdrawal or a decline; `lead` is whoever leads. What it"
            " stopped itself, by a death or a decline for example, it alone sets going again: rows"
            " with `<` of other parties are refused then (`not_your_step`). While a death waits to"
            " be confirmed, under whatever other stop, it alone closes",
        ),
    ]
    vouching: Annotated[
        str | None,
        _said(
            "同意を確認する当事者。`by_consent` の当事者が自らを提供先として記録した同意と、"
            "同意停止の間にこの当事者のほかが記録した同意は、`confirm_consent` で確認されるまで"
            "効かない(`claimed`)。null なら、親案件の当事者が親案件で確認する",
            "The party that confirms consents. What a `by_consent` party records with itself as a"
            " recipient, and what another than this party records during a suspension, does not"
            " count (`claimed`) until this party sends `confirm_consent`. null: the parent's does,"
            " in the parent",
        ),
    ] = None
    needs_parent: bool
    parties: list[FlowParty]
    states: list[FlowState]
    messages: list[FlowMessage]
    matrix: list[FlowRow]
    guards: list[FlowGuard]
    facts: list[FlowFact]
    classes: list[FlowClass]
    self: str
    diagram: str


class SchemaUrgency(Shape):
    """サービスが通信文の緊急度をどこまで、いつ上げるか。

    The urgency to which the service raises a message, and when it does.
    """

    urgency: str
    field: Annotated[
        str | None,
        _said(
            "この項目の日が `days` 日以内に来るときだけ上げる。なければ必ず上げる",
            "Only if the day in this field comes within `days` days; without it, always",
        ),
    ] = None
    days: int | None = None


class MessageSchema(Shape):
    """通信文一種類の本文の定義(JSON Schema 2020-12)。`x-` で始まるのはこのサービスの注記。

    The body of a message type as JSON Schema (2020-12). What begins with `x-` are notes of this
    service.
    """

    dialect: Annotated[str, Field(alias="$schema")]
    id: Annotated[str, Field(alias="$id")]
    title: str
    description: str | None = None
    type: Literal["object"]
    properties: Annotated[
        dict[str, dict[str, Any]],
        _said(
            "本文の項目。`x-data-class` はデータ区分、`x-data-class-title` はその題。"
            "`$defs` も含め、`x-titles` は値ごとの題、`x-known-values` は開いた符号の知られた値と題"
            "(ほかの値も受け入れる)、`x-taken-values` はそのうち受け入れる値(ほかは断る)",
            "The fields of the body. `x-data-class` is a field's data class, `x-data-class-title`"
            " its title. In `$defs` as well, `x-titles` has the titles of values, `x-known-values`"
            " the known values of an open code, with titles (others are taken too), and"
            " `x-taken-values` those that are taken (others are refused)",
        ),
    ]
    required: list[str]
    definitions: Annotated[
        dict[str, dict[str, Any]] | None,
        Field(alias="$defs", description=both("項目の中の型", "The types of parts of fields")),
    ] = None
    additional_properties: Annotated[Literal[False], Field(alias="additionalProperties")]
    examples: list[dict[str, Any]]
    title_en: Annotated[str, Field(alias="x-title-en")]
    senders: Annotated[
        list[str],
        Field(
            alias="x-party",
            description=both("送れる当事者", "The parties that may send it in some state"),
        ),
    ]
    least_urgency: Annotated[SchemaUrgency | None, Field(alias="x-least-urgency")] = None
    source: Annotated[
        str | None,
        Field(alias="x-source", description=both("様式の出典", "Where its form is from")),
    ] = None
