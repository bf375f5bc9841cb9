"""Checking a bundle: everything in one order, so that the first bad thing is always the same."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.cli.evidence.findings import Bad, Found
from app.cli.evidence.logged import check_entries, check_grown, check_logged, check_unchanged
from app.cli.evidence.messages import check_messages, check_order
from app.cli.evidence.opened import Bundle, Trust
from app.cli.evidence.sealed import check_checkpoint, check_seal, earlier
from app.domain.evidence.bundle import CHECKPOINT, NotABundle, check_form, unpack

_BROKEN_SEALS = frozenset({"manifest", "seal", "untrusted"})
"""After these it is still worth saying what is bad besides: they only say that something is."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the holder kept from before, and knows from elsewhere."""

    trust: Trust = field(default_factory=Trust)
    checkpoint: str | None = None
    bundle: bytes | None = None


def verify(data: bytes, kept: Kept) -> Found:
    """Check a bundle. Never raises for what is in it: what is wrong is in the answer."""
    found = Found()
    try:
        bundle = Bundle.of(unpack(data))
    except (NotABundle, Bad) as error:
        found.problems.append(_bad(error))
        return found
    for check in _checks(data, bundle, kept, found):
        try:
            check()
        except (NotABundle, Bad) as error:
            found.problems.append(_bad(error))
            if len(found.problems) == 2 or found.problems[0].code not in _BROKEN_SEALS:
                break
    return found


def _bad(error: NotABundle | Bad) -> Bad:
    return error if isinstance(error, Bad) else Bad(error.code, error.file)


def _checks(
    data: bytes, bundle: Bundle, kept: Kept, found: Found
) -> tuple[Callable[[], None], ...]:
    trust = kept.trust
    return (
        lambda: check_seal(bundle, trust),
        bundle.check_files,
        lambda: _name_keys(bundle, trust, found),
        lambda: check_order(bundle),
        lambda: check_messages(bundle, trust.receipt_keys or bundle.receipt_keys(), found),
        lambda: check_checkpoint(bundle, trust),
        lambda: check_entries(bundle, found),
        lambda: check_logged(bundle),
        lambda: _check_kept(bundle, kept, found),
        lambda: check_form(data, bundle.files),
    )


def _name_keys(bundle: Bundle, trust: Trust, found: Found) -> None:
    found.receipt_keys = sorted(bundle.receipt_keys())
    found.log_keys = [str(key) for key in bundle.log_keys()]
    found.checkpoint = {name: bundle.manifest["log"][name] for name in ("origin", "size", "root")}
    if trust.receipt_keys is None or trust.log_keys is None:
        found.warnings.append("keys_not_pinned")


def _check_kept(bundle: Bundle, kept: Kept, found: Found) -> None:
    if kept.checkpoint is not None:
        check_grown(bundle, earlier(kept.checkpoint, bundle, kept.trust, None), found)
    if kept.bundle is None:
        return
    before = verify(kept.bundle, Kept(kept.trust))
    if before.problems:
        raise Bad("earlier", before.problems[0].file, before.problems[0].code)
    old = Bundle.of(unpack(kept.bundle))
    check_unchanged(bundle, old)
    point = earlier(old.text(CHECKPOINT, "earlier"), bundle, kept.trust, CHECKPOINT)
    check_grown(bundle, point, found)
