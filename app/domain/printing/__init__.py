"""Printed Japanese: readings over kanji."""
