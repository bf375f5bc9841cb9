"""Where the published contract can be had."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.contract.contract import Contract
from app.api.wire.dependencies import service_url
from app.api.wire.language import Language

router = APIRouter()


@router.get("/openapi.json", include_in_schema=False)
async def read_contract(request: Request, lang: Annotated[Language, Query()] = "ja") -> Response:
    """The contract, in Japanese unless `lang` asks for English."""
    contract: Contract = request.app.state.contract
    page = await contract.pages.page((lang, service_url(request)), request)
    return page.answer(request, {"Content-Language": lang})
