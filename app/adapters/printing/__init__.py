"""PDF and furigana."""
