"""What the tests of erasure share."""

import pytest

from tests.support.office import Office


@pytest.fixture(scope="module", autouse=True)
async def operators(office: Office) -> None:
    """Two operators' seats, which the database looks for where something is erased by order."""
    await office.owner.executemany(
        "INSERT INTO seat VALUES ($1, 'prefecture-13', 'x', 'operator', '{}', now())",
        [("prefecture-13.operator-1",), ("prefecture-13.operator-2",)],
    )
