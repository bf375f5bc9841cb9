"""A server has its contract made by a process beside it, and makes it itself if that fails."""

import json
import sys

import pytest

from app.cli.contract.served import LANGUAGES, make_elsewhere
from app.main import create_app
from app.settings import Settings
from tests.support.contract import BOTH

URL = "https://tsunagu.test/below"


class MadeHere(Exception):
    """This process was asked to make the contract."""


def test_the_contract_that_another_process_makes_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contract = create_app(Settings()).state.contract

    def refuse(*_: object) -> bytes:
        raise MadeHere

    monkeypatch.setattr(contract, "text", refuse)
    make_elsewhere(contract)
    for language in LANGUAGES:
        made = json.loads(contract.pages.now((language, URL)).content)
        assert made == json.loads(BOTH.text(language, URL))
        assert made["servers"][0]["url"] == URL


def test_a_contract_that_no_other_process_makes_is_made_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    contract = create_app(Settings()).state.contract
    monkeypatch.setattr(contract, "document", BOTH.document)
    make_elsewhere(contract)
    assert contract.pages.now(("ja", URL)).content == BOTH.text("ja", URL)
