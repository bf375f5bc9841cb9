"""Where the published contract can be had."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.contract.contract import Contract
from app.api.wire.language import Language

router = APIRouter()


@router.api_route("/openapi.json", methods=["GET", "HEAD"], include_in_schema=False)
async def read_contract(request: Request, lang: Annotated[Language, Query()] = "ja") -> Response:
    """The contract, in Japanese unless `lang` asks for English."""
    contract: Contract = request.app.state.contract
    headers = {"Content-Language": lang}
    return Response(contract.content(lang), headers=headers, media_type="application/json")
