"""`tsunagu worker`: the worker as a process of its own."""

import uvloop

from app.settings import Settings
from app.worker import run


def worker() -> None:
    """到着通知、期限、記録の封、消去 / Deliver, remind, seal and erase until told to stop."""
    uvloop.run(run(Settings()))
