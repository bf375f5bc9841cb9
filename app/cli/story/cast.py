"""The actors: real agencies, with invented people in their seats."""

from app.cli.story.scene import Actor
from app.domain.text import Text

OFFICER = Text("担当", "case worker")

PRISON = Actor(
    "prison-fuchu",
    Text("府中刑務所", "Fuchu Prison"),
    Text("所長", "warden"),
    Text("福祉専門官", "welfare officer"),
)
PROBATION = Actor(
    "probation-13",
    Text("東京保護観察所", "Tokyo Probation Office"),
    Text("所長", "head"),
    Text("保護観察官", "probation officer"),
)
TOKYO = Actor(
    "center-13",
    Text("東京のセンター", "the Tokyo center"),
    Text("センター長", "director"),
    Text("相談員", "counsellor"),
)
OSAKA = Actor(
    "center-27",
    Text("大阪のセンター", "the Osaka center"),
    Text("センター長", "director"),
    Text("相談員", "counsellor"),
)
PROSECUTOR = Actor(
    "prosecutor-13",
    Text("東京地方検察庁", "Tokyo Prosecutors"),
    Text("主任検察官", "chief prosecutor"),
    Text("検察事務官", "prosecutor's assistant"),
)
BAR = Actor(
    "bar-13-tokyo",
    Text("東京弁護士会", "Tokyo Bar"),
    Text("弁護人", "counsel"),
    Text("事務職員", "clerk"),
)
EVERYBODY = (PRISON, PROBATION, TOKYO, OSAKA, PROSECUTOR, BAR)
