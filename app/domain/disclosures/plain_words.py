"""Plain words (やさしい日本語) for the person concerned: kinds of information, laws, events.

Kanji carry their readings, words are set apart by spaces, sentences are short. What a law allows
is said, never promised.
"""

from collections.abc import Mapping

from app.domain.classes import DataClass
from app.domain.text import Text

KINDS: Mapping[DataClass, Text] = {
    DataClass.C0: Text("{手続|てつづ}きの れんらく", "notes on the procedure"),
    DataClass.C1: Text(
        "{名前|なまえ}、 {生|う}まれた {日|ひ}、 {住所|じゅうしょ}など",
        "your name, date of birth, address",
    ),
    DataClass.C2: Text(
        "{障害|しょうがい}や {手帳|てちょう}、"
        " {支援|しえん}を {受|う}ける {条件|じょうけん}の こと",
        "disability, certificates, and what is asked for support",
    ),
    DataClass.C3: Text(
        "{体|からだ}と {病気|びょうき}、 {薬|くすり}の こと", "your health, illness and medicine"
    ),
    DataClass.C4: Text(
        "{事件|じけん}や {裁判|さいばん}、 {刑|けい}の こと", "the criminal case, trial or sentence"
    ),
    DataClass.C5: Text(
        "お{金|かね}、 {年金|ねんきん}、 {福祉|ふくし}の こと", "money, pension and welfare"
    ),
    DataClass.C6: Text("{家族|かぞく}や ほかの {人|ひと}の こと", "your family and other people"),
    DataClass.C7: Text(
        "{支援|しえん}の {話|はな}し{合|あ}いや {計画|けいかく}の こと",
        "talks and plans about your support",
    ),
    DataClass.C8: Text(
        "{弁護士|べんごし}に {話|はな}した {秘密|ひみつ}の こと", "what you told your lawyer"
    ),
}

EVENTS: Mapping[str, Text] = {
    "received": Text("{届|とど}きました", "received"),
    "to_print": Text("{紙|かみ}で {渡|わた}す ことに しました", "to be given on paper"),
    "printed": Text("{紙|かみ}に {印刷|いんさつ}しました", "printed on paper"),
    "opened": Text("{開|ひら}きました", "opened"),
    "recalled": Text("{取|と}り{消|け}しました", "taken back"),
    "withdrawn": Text(
        "{同意|どうい}を やめたので、 {開|ひら}く {前|まえ}に {戻|もど}しました",
        "taken back unopened, since you withdrew your consent",
    ),
}

_AFTER = "{刑務所|けいむしょ}などを {出|で}た あとの {生活|せいかつ}の"
_RELIEF = "{自由|じゆう}に なった あとの {急|いそ}ぎの {助|たす}けの"

BASES: Mapping[str, Text] = {
    "rpa_82": Text(
        f"{_AFTER} {{準備|じゅんび}} ({{更生保護法|こうせいほごほう}}82{{条|じょう}})",
        "preparing life after release (Offenders Rehabilitation Act, art. 82)",
    ),
    "rpa_83": Text(
        "{執行猶予|しっこうゆうよ}の {人|ひと}の {生活|せいかつ}の {準備|じゅんび}"
        " ({更生保護法|こうせいほごほう}83{条|じょう})",
        "preparing life under a suspended sentence (Offenders Rehabilitation Act, art. 83)",
    ),
    "rpa_83_2": Text(
        "{捕|つか}まって いる {間|あいだ}の {生活|せいかつ}の {準備|じゅんび}"
        " ({更生保護法|こうせいほごほう}83{条|じょう}の2)",
        "preparing life while in custody (Offenders Rehabilitation Act, art. 83-2)",
    ),
    "rpa_85": Text(
        f"{_RELIEF} {{決|き}}まり ({{更生保護法|こうせいほごほう}}85{{条|じょう}})",
        "urgent aftercare (Offenders Rehabilitation Act, art. 85)",
    ),
    "rpa_86": Text(
        f"{_RELIEF} {{申|もう}}し{{出|で}} ({{更生保護法|こうせいほごほう}}86{{条|じょう}})",
        "asking for urgent aftercare (Offenders Rehabilitation Act, art. 86)",
    ),
    "rpa_88_2": Text(
        "{刑|けい}が {終|お}わった {人|ひと}の {手助|てだす}け"
        " ({更生保護法|こうせいほごほう}88{条|じょう}の2)",
        "help after a sentence (Offenders Rehabilitation Act, art. 88-2)",
    ),
    "rpa_88_3": Text(
        "{地域|ちいき}での {手助|てだす}け ({更生保護法|こうせいほごほう})",
        "help in the community (Offenders Rehabilitation Act)",
    ),
    "moj_rule_112": Text(
        f"{_AFTER} {{準備|じゅんび}} ({{国|くに}}の {{規則|きそく}}112{{条|じょう}})",
        "preparing life after release (rule of the Ministry of Justice, art. 112)",
    ),
    "moj_rule_118": Text(
        "{紙|かみ}に {書|か}いた {申|もう}し{出|で} ({国|くに}の {規則|きそく}118{条|じょう})",
        "a request in writing (rule of the Ministry of Justice, art. 118)",
    ),
    "moj_rule_121": Text(
        "{助|たす}けの {期間|きかん}を {延|の}ばす こと ({国|くに}の {規則|きそく}121{条|じょう})",
        "a longer time of help (rule of the Ministry of Justice, art. 121)",
    ),
    "circular_244": Text(
        "{住|す}む {所|ところ}を {探|さが}す {手伝|てつだ}い ({特別調整|とくべつちょうせい}の"
        " {決|き}まり)",
        "help with finding a place to live (circular on special adjustment)",
    ),
    "mhlw_guideline": Text(
        "センターの {仕事|しごと}の {決|き}まり ({国|くに}の {指針|ししん})",
        "the guidelines for the work of the centers",
    ),
    "rpl_17_21": Text(
        "やり{直|なお}しを {助|たす}ける {法律|ほうりつ}"
        " ({再犯防止推進法|さいはんぼうしすいしんほう})",
        "the Act on preventing recidivism",
    ),
    "mhwa_23_26": Text(
        "こころの {病気|びょうき}の {知|し}らせの {決|き}まり"
        " ({精神保健福祉法|せいしんほけんふくしほう})",
        "notices under the Mental Health and Welfare Act",
    ),
    "consent_only": Text(
        "あなたの {同意|どうい} (「いいです」と {言|い}った こと)", "your consent alone"
    ),
}
CONSENT = Text("あなたの {同意|どうい} (「いいです」と {言|い}った こと)", "your consent")
TASK = Text(
    "その {機関|きかん}の {仕事|しごと}の ため (どの {法律|ほうりつ}かは {書|か}いて ありません)",
    "because it is that agency's task (no law was named)",
)
UNSAID = Text("{記録|きろく}に {書|か}いて ありません", "the record does not say")
UNKNOWN = Text(
    "{何|なに}が {伝|つた}わったかは、 ここでは {分|わ}かりません。 {送|おく}った ところに"
    " {聞|き}いて ください。",
    "What was told is not known here. Please ask the sender.",
)
