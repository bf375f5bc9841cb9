"""How the service is doing, as it is answered."""

from pydantic import Field

from app.api.wire.schemas import Shape, like


class HealthOut(Shape):
    """応じていること。"""

    model_config = like({"status": "ok"})

    status: str


class ReadinessOut(Shape):
    """仕事ができる状態か。"""

    model_config = like({"status": "ok", "amiss": [], "behind": []})

    status: str
    amiss: list[str] = Field(description="働いていない部分: database, migrations, keys")
    behind: list[str] = Field(
        description="遅れているもの: deliveries(到着通知), log(記録の封), erasures(期限の来た消去)"
    )
