"""The chapters, in the order in which they are told."""

from app.cli.story import home, lawyer, twenty_days

CHAPTERS = (home.scenes, twenty_days.scenes, lawyer.scenes)
