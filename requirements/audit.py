"""Looks for known faults in every pinned package, and says so loudly where it cannot look.

    python requirements/audit.py COMMAND ...    # what to run as pip-audit

Exit status: 0 nothing known, or the database was out of reach; 1 something is known.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

PINNED = ("dev.txt", "audit.txt")
"""What the service and its tests run on, and what the audit itself runs on."""
LONGEST = 300.0
"""Seconds for all of it."""
OPTIONS = (
    "--disable-pip", "--vulnerability-service=osv", "--format=json", "--aliases=on",
    "--progress-spinner=off", "--timeout=5",
)  # fmt: skip


def main(command: Sequence[str]) -> int:
    """Run the audit, say what it found, and give the exit status."""
    found = _audited(command)
    looked_at = [each for each in found or () if "vulns" in each]
    if not looked_at:
        print(
            "*** NOT CHECKED: known faults of our packages. Their database (OSV) cannot be reached"
            " from here; run `make audit` where it can, or name a mirror in OSV_URL. ***",
            file=sys.stderr,
        )
        return 0
    faults = list(_faults(looked_at))
    skipped = len(found or ()) - len(looked_at)
    print(f"audit: {len(looked_at)} packages, {skipped} unknown, {len(faults)} known faults")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _audited(command: Sequence[str]) -> list[dict[str, Any]] | None:
    """What is known of each package; None if nothing could be asked."""
    here = Path(__file__).parent
    files = [f"--requirement={here / name}" for name in PINNED]
    try:
        done = subprocess.run(
            [*command, *OPTIONS, *files], capture_output=True, timeout=LONGEST, check=False
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (OSError, ValueError, LookupError, TypeError, subprocess.TimeoutExpired):
        return None
    return found


def _faults(packages: Sequence[dict[str, Any]]) -> Iterator[str]:
    for package in packages:
        for fault in package["vulns"]:
            names = ", ".join((fault["id"], *fault.get("aliases", ())))
            fixed = ", ".join(fault.get("fix_versions", ())) or "no version"
            yield f"{package['name']} {package['version']}: {names} (fixed in {fixed})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
