"""The published contract, made once for all tests of a process."""

from collections.abc import Iterator
from typing import Any

from httpx import Response

from app.api.contract.contract import Contract
from app.main import create_app
from app.settings import Settings
from tests.api.contract.comparison import resolved

BOTH: Contract = create_app(Settings()).state.contract
PUBLISHED: dict[str, Any] = BOTH.document("ja")
"""As it is served."""
ENGLISH: dict[str, Any] = BOTH.document("en")
CONTRACT: dict[str, Any] = resolved(PUBLISHED)
"""The same, with every reference to a response, parameter or example replaced by what it names."""

OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation
    for methods in CONTRACT["paths"].values()
    for operation in methods.values()
}
_TRANSPORT = {"content-type", "content-length", "date", "server", "connection", "transfer-encoding"}
"""Headers that OpenAPI leaves to HTTP."""


def undeclared(operation_id: str, answer: Response) -> Iterator[str]:
    """What the contract does not say of an answer: its status, its media type, its headers."""
    declared = OPERATIONS[operation_id]["responses"].get(str(answer.status_code))
    if declared is None:
        yield f"{operation_id}: {answer.status_code}"
        return
    kind = answer.headers.get("content-type", "").partition(";")[0]
    kinds = {name.partition(";")[0] for name in declared.get("content", {})}
    if answer.content and kind not in kinds:
        yield f"{operation_id}: {answer.status_code} {kind}"
    names = {name.lower() for name in declared["headers"]} | _TRANSPORT
    yield from (
        f"{operation_id}: {answer.status_code} {n}" for n in answer.headers if n not in names
    )
