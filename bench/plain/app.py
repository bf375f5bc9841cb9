"""The application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response, status
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.plain import referrals
from bench.plain.schemas import Accepted, NewReferral
from bench.plain.settings import PlainSettings
from bench.plain.tokens import TokenClaims, current_caller


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for one call."""
    sessions: async_sessionmaker[AsyncSession] = request.app.state.sessions
    async with sessions() as session:
        yield session


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the tables and the pool, which never opens more connections than it keeps."""
    settings: PlainSettings = app.state.settings
    engine = create_async_engine(
        settings.database_url, pool_size=settings.pool_size, max_overflow=0
    )
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    app.state.sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
    yield
    await engine.dispose()


def create_plain_app(settings: PlainSettings) -> FastAPI:
    """The application with these settings."""
    app = FastAPI(title="Referrals", lifespan=lifespan)
    app.state.settings = settings

    @app.get("/healthz")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/referrals", status_code=status.HTTP_201_CREATED)
    async def open_referral(
        new: NewReferral,
        caller: Annotated[TokenClaims, Depends(current_caller)],
        session: Annotated[AsyncSession, Depends(get_session)],
        response: Response,
    ) -> Accepted:
        accepted, repeated = await referrals.accept(session, settings, new, caller)
        if repeated:
            response.status_code = status.HTTP_200_OK
        response.headers["Location"] = f"/v1/referrals/{new.id}/messages/{new.id}"
        response.headers["ETag"] = accepted.version
        return accepted

    return app
