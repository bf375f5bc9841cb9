"""The page on the architecture draws the layers that the import contracts hold."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
LAYERS = {
    container: contract["layers"]
    for contract in CONTRACTS
    if contract["type"] == "layers"
    for container in contract["containers"]
}


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("container", ["app.domain", "app.adapters", "app.api"])
def test_the_layers_of_the_page_are_those_of_the_contract(container: str, language: str) -> None:
    page = (ROOT / "docs" / language / "architecture.md").read_text(encoding="utf-8")
    drawn = [
        [set(line.split(" │ ")) for line in block.splitlines()]
        for block in re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    ]
    assert [set(layer.split(" | ")) for layer in LAYERS[container]] in drawn
