"""`tsunagu settings-docs`: write the page of settings in both languages, or check it."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from app.cli.contract.generated import LANGUAGES, Check, Docs, in_the_other_language, write
from app.cli.contract.setting_texts import GROUPS, Group, SettingText
from app.domain.calendar.period import Period
from app.domain.text import Text
from app.settings import Settings

TITLE = Text("設定", "Settings")
OPENING = Text(
    "環境変数 `TSUNAGU_<名前>` で与えます。全てに既定値があり、何も設定しなくても動きます。\n"
    "期間は ISO 8601(`PT10M`)か秒で書きます。保存期間は年・月・日だけです(`P5Y`、`P90D`)。\n\n"
    "この頁は `app/settings.py` から作られます(`tsunagu settings-docs`)。\n"
    "手で書き換えないでください。",
    "Set them as environment variables `TSUNAGU_<NAME>`. Each has a default; the service runs\n"
    "without any. Durations are ISO 8601 (`PT10M`) or seconds; periods of retention are years,\n"
    "months and days only (`P5Y`, `P90D`).\n\n"
    "This page is made from `app/settings.py` (`tsunagu settings-docs`). Do not edit it by hand.",
)
COLUMNS = Text("| 名前 | 既定 | 意味 |", "| Name | Default | Meaning |")
MORE = Text("詳しくは", "More in")


def settings_docs(folder: Docs = Path("docs"), check: Check = False) -> None:
    """設定の頁を作る / Write the pages of settings from app/settings.py."""
    pages = {folder / lang / "settings.md": page(lang) for lang in LANGUAGES}
    write(pages, "tsunagu settings-docs", check)


def page(language: str) -> str:
    """The page of settings in Markdown, in one language."""
    return "\n".join(_page(language))


def _page(language: str) -> Iterator[str]:
    yield f"# {TITLE.in_language(language)}\n"
    yield f"{in_the_other_language('settings.md', language)}\n"
    yield f"{OPENING.in_language(language)}\n"
    for group in GROUPS:
        yield from _group(group, language)


def _group(group: Group, language: str) -> Iterator[str]:
    yield f'<a id="{group.anchor}"></a>'
    yield f"## {group.title.in_language(language)}\n"
    yield f"{MORE.in_language(language)} [{group.page}]({group.page})\n"
    yield COLUMNS.in_language(language)
    yield "|---|---|---|"
    for name, text in group.settings.items():
        meaning = text.meaning.in_language(language)
        yield f"| `TSUNAGU_{name.upper()}` | {default_of(name, text, language)} | {meaning} |"
    yield ""


def default_of(name: str, text: SettingText, language: str) -> str:
    """The default of a setting as its table has it; a dash where there is none."""
    default = Settings.model_fields[name].default
    if default is not None:
        return f"`{as_environment_value(default)}`"
    return text.when_missing.in_language(language) if text.when_missing else "–"


def as_environment_value(default: object) -> str:
    """A default as somebody would write it into the environment."""
    if isinstance(default, Period):
        return str(default)
    return str(TypeAdapter(object).dump_python(default, mode="json"))
