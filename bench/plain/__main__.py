"""`python -m bench.plain`: serve the plain stack."""

import uvicorn

from bench.plain.app import create_plain_app
from bench.plain.settings import PlainSettings

if __name__ == "__main__":
    settings = PlainSettings()
    uvicorn.run(
        create_plain_app(settings),
        port=settings.port,
        loop="uvloop",
        access_log=False,
        log_level="warning",
    )
