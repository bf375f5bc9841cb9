"""A sentence in the two languages that people read here."""

from typing import NamedTuple


class Text(NamedTuple):
    """The same words in Japanese and English."""

    ja: str
    en: str

    def in_language(self, language: str) -> str:
        """The English words for `en`, the Japanese for everything else."""
        return self.en if language == "en" else self.ja
