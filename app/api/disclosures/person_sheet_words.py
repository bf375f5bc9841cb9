"""The fixed texts of the person's sheet, in plain Japanese with readings and in English."""

from app.domain.text import Text

TITLE = Text(
    "あなたの {情報|じょうほう}が どこに {伝|つた}わったか", "Where information about you has gone"
)
REFERENCE = Text("{整理|せいり}{番号|ばんごう}", "Reference")
MADE_BY = Text("この {紙|かみ}を {作|つく}った ところ", "Made by")
MADE_ON = Text("{作|つく}った {日|ひ}", "Made on")
FOOT = Text("整理番号 {reference} ・ {agency}", "Reference {reference}, {agency}")
WHAT_IT_IS = (
    Text(
        "この {紙|かみ}は、 あなたの {情報|じょうほう}が どの ところに {伝|つた}わったかを"
        " {知|し}らせる ものです。",
        "This paper tells you which offices have received information about you.",
    ),
    Text(
        "あなたの {名前|なまえ}は {書|か}いて いません。 ほかの {人|ひと}に {見|み}られない"
        " ように、 {大切|たいせつ}に {持|も}って いて ください。",
        "Your name is not on it. Keep it where others do not see it.",
    ),
)
NOTHING = Text(
    "{伝|つた}わった {記録|きろく}は ありません。", "There is no record that anything was told."
)
HEAD = (
    Text("いつ", "When"),
    Text("{何|なに}が {伝|つた}わったか", "What was told"),
    Text("どうして", "Why"),
)
AGAIN = Text("{agency} (つづき)", "{agency} (continued)")
NAMELESS = Text(
    "{{名前|なまえ}}の ない、 {{手続|てつづ}}きだけの れんらく: {count}{{回|かい}}。"
    " {{最後|さいご}}は {day}",
    "Notes on the procedure, without your name: {count}. The last one on {day}.",
)
NOT_ALL = Text(
    "{記録|きろく}が {多|おお}いので、 {一|ひと}つずつは {全部|ぜんぶ}を {書|か}いて いません。"
    " 「ほかに」と {書|か}いて ある ところは、 {同|おな}じ ところからの れんらくを まとめた"
    " ものです。 {全部|ぜんぶ}を {見|み}たい ときは、 この {紙|かみ}を {作|つく}った ところに"
    " {聞|き}いて ください。",
    "There are too many records to list each. Where it says 'and so many more', messages of one"
    " office are put together. Ask the office that made this paper for the whole list.",
)
FURTHER = Text("ほかに {count}{{回|かい}} ({agency}から)", "and {count} more, from {agency}")
FROM = Text("{day}から", "from {day}")
UNTIL = Text("{day}まで", "to {day}")
FURTHER_REFERENCES = Text("ほかに {count}", "and {count} more")
WHAT_YOU_CAN_DO = Text("あなたが できる こと", "What you can do")
POSSIBLE = (
    Text(
        "「もう {伝|つた}えないで ください」と {言|い}う ことが できます。 これを、"
        " {同意|どうい}を やめると {言|い}います。 いつでも できます。 {理由|りゆう}は"
        " いりません。",
        "You can say 'do not tell anybody any more'. This is called withdrawing your consent. You"
        " can do it at any time, and need not say why.",
    ),
    Text(
        "{同意|どうい}を やめると、 {同意|どうい}で {伝|つた}えて いた ことは"
        " {止|と}まります。 {法律|ほうりつ}で {伝|つた}える ことは、 {止|と}まらない ことが"
        " あります。 {前|まえ}に {伝|つた}わった {記録|きろく}は {残|のこ}ります。",
        "Then nothing more is told by your consent. What the law provides for may go on. The record"
        " of what was told before stays.",
    ),
    Text(
        "{中身|なかみ}を {見|み}たい とき、 {間違|まちが}いを {直|なお}したい ときは、"
        " その {情報|じょうほう}を {持|も}って いる ところに {聞|き}いて ください。 できるか"
        " どうかは {法律|ほうりつ}で {決|き}まります。 できない ことも あります。",
        "If you want to see what was told, or to correct it, ask the office that has it. The law"
        " decides whether that is possible; sometimes it is not.",
    ),
    Text(
        "{分|わ}からない ことは、 この {紙|かみ}を {作|つく}った ところに {聞|き}いて"
        " ください。 {弁護士|べんごし}や、 {信|しん}じられる {人|ひと}に {相談|そうだん}する"
        " ことも できます。",
        "If something is not clear, ask the office that made this paper. You can also ask a lawyer"
        " or somebody you trust.",
    ),
)
WHAT_IS_NOT_HERE = Text(
    "この {紙|かみ}に {書|か}いて いない こと", "What is not on this paper, and why"
)
MISSING = (
    Text(
        "この {紙|かみ}を {作|つく}った ところが {知|し}らない こと。 ほかの ところ どうしの"
        " やりとりは、 ここでは {分|わ}からない からです。",
        "What the office that made it does not know: it cannot see what others told each other.",
    ),
    Text(
        "{電話|でんわ}や {話|はな}し{合|あ}いで {伝|つた}えた こと。"
        " つなぐの {記録|きろく}に {残|のこ}らない からです。",
        "What was told by telephone or in talks: this service keeps no record of it.",
    ),
    Text(
        "だれが {開|ひら}いたか。 それは、 {送|おく}った ところだけが {分|わ}かります。"
        " 「{届|とど}きました」だけの ものも、 {開|ひら}かれて いる ことが あります。",
        "Who opened it, where another office sent it. What says 'received' alone may have been"
        " opened too.",
    ),
    Text(
        "{情報|じょうほう}の {中身|なかみ}。 この {紙|かみ}は {法律|ほうりつ}の"
        " 「{開示|かいじ}」では ありません。 {裁判|さいばん}や {刑|けい}の {記録|きろく}"
        "などは、 {法律|ほうりつ}で {見|み}せられない ことが あります"
        " ({個人情報保護法|こじんじょうほうほごほう}124{条|じょう})。",
        "The information itself. This paper is not a disclosure in the sense of the law, which"
        " leaves out records of trials and sentences (Act on the Protection of Personal"
        " Information, art. 124).",
    ),
)
