"""Puts the service together: settings in, FastAPI out."""

from fastapi import FastAPI

from app.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The service as `settings` want it."""
    app = FastAPI(title="Tsunagu", docs_url=None, redoc_url=None)
    app.state.settings = settings

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    return app
