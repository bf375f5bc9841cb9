"""Runs all checks of a bundle in a fixed order, so that the first problem is always the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.cli.evidence.findings import BundleProblem, Findings
from app.cli.evidence.logged import (
    check_consistency,
    check_earlier_messages,
    check_entries,
    check_messages_logged,
    is_part,
)
from app.cli.evidence.messages import check_messages, check_order
from app.cli.evidence.opened import Bundle, Trust
from app.cli.evidence.sealed import check_checkpoint, check_seal, read_earlier_checkpoint
from app.domain.evidence.bundle import CHECKPOINT, MANIFEST, NotABundle, unpack

_BROKEN_SEALS = frozenset({"manifest", "seal", "untrusted"})
"""After these the checks go on, for a second problem: these say only that something was changed."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a bundle is compared with: keys from elsewhere, an earlier checkpoint or bundle."""

    trust: Trust = field(default_factory=Trust)
    checkpoint: str | None = None
    bundle: bytes | None = None


def verify(data: bytes, baseline: Baseline) -> Findings:
    """Check a bundle. Problems of the bundle are in the findings; none of them is raised."""
    findings = Findings()
    try:
        bundle = Bundle.of(unpack(data))
    except (NotABundle, BundleProblem) as error:
        findings.problems.append(_as_problem(error))
        return findings
    for check in _checks(bundle, baseline, findings):
        try:
            check()
        except (NotABundle, BundleProblem) as error:
            findings.problems.append(_as_problem(error))
            if len(findings.problems) == 2 or findings.problems[0].code not in _BROKEN_SEALS:
                break
    return findings


def _as_problem(error: NotABundle | BundleProblem) -> BundleProblem:
    return error if isinstance(error, BundleProblem) else BundleProblem(error.code, error.file)


def _checks(
    bundle: Bundle, baseline: Baseline, findings: Findings
) -> tuple[Callable[[], None], ...]:
    trust = baseline.trust
    return (
        lambda: check_seal(bundle, trust),
        bundle.check_files,
        lambda: _record_keys(bundle, trust, findings),
        lambda: check_order(bundle),
        lambda: _record_part(bundle, findings),
        lambda: check_messages(bundle, trust.receipt_keys or bundle.receipt_keys(), findings),
        lambda: check_checkpoint(bundle, trust),
        lambda: check_entries(bundle, findings),
        lambda: check_messages_logged(bundle),
        lambda: _check_baseline(bundle, baseline, findings),
    )


def verify_parts(parts: Sequence[bytes], baseline: Baseline) -> Findings:
    """Check bundles that are parts of one case, and whether they are the whole of it together.

    The findings are those of the first part with a problem, or of all of them.
    """
    findings = [verify(part, baseline) for part in parts]
    for each in findings:
        if each.problems:
            return each
        if any(each.manifest[n] != findings[0].manifest[n] for n in _SAME):
            each.problems.append(BundleProblem("mixed", MANIFEST))
            return each
    together = findings[0]
    for each in findings[1:]:
        together.add(each)
    if "part" in together.warnings and _are_whole([each.manifest for each in findings]):
        together.warnings.remove("part")
    return together


_SAME = ("issuer", "case_id", "agency_id")


def _are_whole(manifests: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the parts hold every message that one of them says there is."""
    held: dict[str, set[int]] = {}
    for part in (part for manifest in manifests for part in manifest["parts"]):
        numbers = held.setdefault(part["referral_id"], set())
        numbers.update(range(part["from"], part["through"] + 1))
    return all(
        held.get(referral, set()) >= set(range(1, count + 1))
        for manifest in manifests
        for referral, count in manifest["counts"].items()
    )


def _record_keys(bundle: Bundle, trust: Trust, findings: Findings) -> None:
    findings.receipt_keys = sorted(bundle.receipt_keys())
    findings.log_keys = [str(key) for key in bundle.log_keys()]
    findings.checkpoint = {
        name: bundle.manifest["log"][name] for name in ("origin", "size", "root")
    }
    findings.manifest = {n: bundle.manifest[n] for n in _SAME} | {
        name: bundle.manifest.get(name, empty) for name, empty in (("parts", []), ("counts", {}))
    }
    if trust.receipt_keys is None or trust.log_keys is None:
        findings.warnings.append("keys_not_pinned")


def _record_part(bundle: Bundle, findings: Findings) -> None:
    if is_part(bundle.manifest):
        findings.warnings.append("part")


def _check_baseline(bundle: Bundle, baseline: Baseline, findings: Findings) -> None:
    if baseline.checkpoint is not None:
        check_consistency(
            bundle,
            read_earlier_checkpoint(baseline.checkpoint, bundle, baseline.trust, None),
            findings,
        )
    if baseline.bundle is None:
        return
    earlier_findings = verify(baseline.bundle, Baseline(baseline.trust))
    if earlier_findings.problems:
        raise BundleProblem(
            "earlier", earlier_findings.problems[0].file, earlier_findings.problems[0].code
        )
    earlier_bundle = Bundle.of(unpack(baseline.bundle))
    check_earlier_messages(bundle, earlier_bundle)
    point = read_earlier_checkpoint(
        earlier_bundle.text(CHECKPOINT, "earlier"), bundle, baseline.trust, CHECKPOINT
    )
    check_consistency(bundle, point, findings)
