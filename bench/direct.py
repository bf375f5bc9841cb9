"""The same SQL without the service: pgbench calls `accept` with what the service recorded."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from app.adapters.embedded_postgres.cluster import binaries
from app.adapters.referrals.decision_rows import (
    DecidedMessage,
    DecisionWriter,
    accept_arguments,
)
from app.auth.receipts import ReceiptSigner
from app.auth.signing_keys import SigningKeys
from app.domain.decisions.decide import decide
from bench.load import quantile
from bench.place import ISSUER, Place, at_once
from bench.sampling import Sample, Sampler, between
from bench.senders import notice, submit_opening

# Every id is a number of this transaction and a fixed rest.
SCRIPT = """\
\\set n random(0, 281474976710655)
SELECT {function}({arguments}) FROM (SELECT left(h, 8) || '-' || right(h, 4) AS fresh
FROM (SELECT lpad(to_hex(:n::bigint), 12, '0') AS h) AS hex) AS id;
"""
FRESH = "@"


@dataclass(frozen=True)
class Direct:
    """Scripts for pgbench, one for each sender."""

    program: str
    environment: Mapping[str, str]
    folder: Path

    def sample(self, sampler: Sampler, function: str, connections: int) -> Sample:
        """Call a function as often as possible for the time of a sample."""
        sampler.quiet()
        prefix = self.folder / f"log-{function}"
        for old in self.folder.glob(f"{prefix.name}.*"):
            old.unlink()
        before = sampler.moment()
        process = subprocess.run(
            [
                *(self.program, "--no-vacuum", "--protocol=prepared", "--log"),
                *(f"--log-prefix={prefix}", f"--client={connections}"),
                f"--time={max(1, round(sampler.terms.seconds))}",
                *(f"--file={script}" for script in sorted(self.folder.glob(f"{function}-*.sql"))),
            ],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        after = sampler.moment()
        if process.returncode:
            raise RuntimeError(f"pgbench: {process.stderr.strip()[:600]}")
        logs = self.folder.glob(f"{prefix.name}.*")
        lines = [line for log in logs for line in log.read_text().splitlines()]
        ordered = sorted(int(line.split()[2]) / 1000 for line in lines)
        tps = next(line for line in process.stdout.splitlines() if line.startswith("tps"))
        return {
            "per_second": float(tps.split()[2]),
            "p50_ms": quantile(ordered, 0.50),
            "p99_ms": quantile(ordered, 0.99),
            **between(before, after, lambda _: len(ordered)),
        }


def direct(place: Place, senders: Sequence[str], functions: Sequence[str]) -> Direct | None:
    """The scripts for these functions, which take what `accept` takes; None without pgbench."""
    program = _pgbench()
    if program is None:
        return None
    folder = place.folder / "pgbench"
    folder.mkdir()
    keys = SigningKeys(place.keys)
    writer = DecisionWriter(place.vault(), ReceiptSigner(keys, place.clock), ISSUER)
    for n, sender in enumerate(senders):
        arguments = _arguments(place, writer, sender)
        for function in functions:
            text = SCRIPT.format(function=function, arguments=arguments)
            (folder / f"{function}-{n}.sql").write_text(text)
    return Direct(program, _login(place.urls.api), folder)


def _pgbench() -> str | None:
    ours = binaries() / "pgbench"
    return str(ours) if ours.exists() else shutil.which("pgbench")


def _login(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return {
        "PGHOST": query["host"][0],
        "PGPORT": query["port"][0],
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path[1:],
    }


def _arguments(place: Place, writer: DecisionWriter, sender: str) -> str:
    """The arguments of `accept` for an opening message, with a new id at each call."""
    message = notice()
    submission = submit_opening(place, message, sender)
    decided = DecidedMessage(submission, decide(submission), {}, None)
    rows, stored = accept_arguments(at_once(writer.write([decided])))
    tree = json.loads(rows)
    ids = {
        str(message.id): f"{FRESH}-4000-8000-000000000001",
        tree["cases"][0]["id"]: f"{FRESH}-7000-8000-000000000002",
        tree["referrals"][0]["reference"]: FRESH,
        **{e["id"]: f"{FRESH}-7000-8000-00000000001{n}" for n, e in enumerate(tree["log"])},
    }
    # pgbench takes `:x` for a variable, wherever it stands.
    text = re.sub(r":(?=\w)", r"\\u003a", json.dumps(tree, ensure_ascii=False))
    for own, fresh in ids.items():
        text = text.replace(own, fresh)
    return f"replace($rows${text}$rows$, '{FRESH}', fresh)::jsonb, '\\x{stored.hex()}', false"
