"""The page of settings, made from `Settings` and from what is said of each in two languages."""

import re
from collections import Counter
from pathlib import Path

import pytest

from app.cli.contract.setting_texts import GROUPS
from app.cli.contract.settings_pages import page, settings_docs
from app.domain.text import Text
from app.settings import Settings

DOCS = Path(__file__).parents[3] / "docs"
TEXTS = {name: text for group in GROUPS for name, text in group.settings.items()}
JAPANESE = re.compile("[ぁ-んァ-ヶ一-鿿]")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_in_the_repository_is_fresh(language: str) -> None:
    written = (DOCS / language / "settings.md").read_text(encoding="utf-8")
    assert written == page(language)


def test_every_setting_is_explained_once() -> None:
    explained = Counter(name for group in GROUPS for name in group.settings)
    assert explained == Counter(Settings.model_fields.keys())


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_explained_in_both_languages(name: str) -> None:
    text = TEXTS[name]
    for words in (text.meaning, text.when_missing or Text("値", "value")):
        assert words.en
        assert words.ja
        assert not JAPANESE.search(re.sub(r"\([^)]*\)", "", words.en))
    assert JAPANESE.search(text.meaning.ja)


def test_a_setting_that_has_a_default_is_never_missing() -> None:
    for name, field in Settings.model_fields.items():
        assert field.default is None or TEXTS[name].when_missing is None, name


def test_a_stale_page_is_found(tmp_path: Path) -> None:
    settings_docs(tmp_path)
    settings_docs(tmp_path, check=True)
    (tmp_path / "ja" / "settings.md").write_text("old", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"ja/settings\.md"):
        settings_docs(tmp_path, check=True)
