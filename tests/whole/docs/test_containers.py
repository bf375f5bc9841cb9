"""The example for containers: a login for each role, and base images by digest."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[3]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("name", ["api", "worker"])
def test_each_process_logs_in_as_its_own_role(name: str) -> None:
    environment = SERVICES[name]["environment"]
    logins = {k: v for k, v in environment.items() if "postgresql://" in v}
    (variable, url) = next(iter(logins.items()))
    assert len(logins) == 1
    assert variable == f"TSUNAGU_{name.upper()}_DATABASE_URL"
    assert url.startswith(f"postgresql://tsunagu_{name}:")
    assert "OWNER_PASSWORD" not in str(SERVICES[name])


def test_whoever_knows_the_owners_password_ends_or_is_the_database() -> None:
    knowing = {name for name, service in SERVICES.items() if "OWNER_PASSWORD" in str(service)}
    staying = {name for name in knowing if SERVICES[name]["restart"] != "no"}
    assert (knowing, staying) == ({"postgres", "migrate", "logins"}, {"postgres"})


def test_no_image_is_named_by_a_tag() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert set(bases) == {"${PYTHON_IMAGE}"}
    assert "*@sha256:*" in DOCKERFILE
    ours = [service["image"] for service in SERVICES.values() if "build" not in service]
    assert all(image.startswith("${POSTGRES_IMAGE:?") for image in ours)
