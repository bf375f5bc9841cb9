"""Schemas of health and readiness."""

from pydantic import Field

from app.api.wire.documented import both
from app.api.wire.schemas import Shape, like


class HealthOut(Shape):
    """応じていること。

    That the process answers.
    """

    model_config = like({"status": "ok"})

    status: str


class ReadinessOut(Shape):
    """仕事ができる状態か。

    Whether the service can work.
    """

    model_config = like({"status": "ok", "amiss": [], "behind": [], "warnings": []})

    status: str
    amiss: list[str] = Field(
        description=both(
            "働いていない部分: database, writes(書き込みを受けない), migrations, clock, keys",
            "The parts that do not work: database, writes (it takes none), migrations, clock, keys",
        )
    )
    behind: list[str] = Field(
        description=both(
            "遅れているもの: deliveries(到着通知), log(記録の封), erasures(期限の来た消去),"
            " overwriting(消去した鍵の上書き)",
            "What is late: deliveries (of notices), log (its sealing), erasures (that are due),"
            " overwriting (of keys that were erased)",
        )
    )
    warnings: list[str] = Field(
        description=both(
            "運用者が直すべきこと: unnamed_proxy(名のないプロキシから来ている)、消去した鍵を"
            " PostgreSQL の WAL に残すもの(overwriting_rights, wal_recycle, wal_kept, wal_archive)",
            "What the operator should mend: unnamed_proxy (calls come through one), and what keeps"
            " erased keys in the WAL of PostgreSQL (overwriting_rights, wal_recycle, wal_kept,"
            " wal_archive)",
        )
    )
