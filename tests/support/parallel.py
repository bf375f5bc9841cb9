"""How the tests are shared out where several processes run them (`pytest -n 3`)."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.scheduler.protocol import Scheduling

TOGETHER = {
    "tests/whole/docs/": "story",
    "tests/whole/story/": "story",
    "tests/whole/matrix/": "matrix",
}
"""Folders whose files share something that takes long to make: one process runs them all."""
LONG = ("tests/whole/", "tests/cli/processes/")
"""Folders of files that take long: begun first, or they would be waited for at the end."""


class ByFile(LoadFileScheduling):
    """One process runs all tests of a file, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        together = (group for folder, group in TOGETHER.items() if nodeid.startswith(folder))
        return next(together, super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Unless something else than `--dist load`, which is the default, was asked for."""
    if config.getoption("dist") != "load":
        return None
    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a process of several, put first what takes long."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(LONG))
