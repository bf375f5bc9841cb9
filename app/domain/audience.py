"""Who is told a message, and in which classes."""

from collections.abc import Iterator, Mapping
from datetime import date

from app.domain.body import Body
from app.domain.case import Referral
from app.domain.classes import ROUTING, DataClass
from app.domain.consent import Consent, covered
from app.domain.directory import Agency, Directory
from app.domain.flow import NAMED, OTHERS, Flow, Step, parse_copy

Audience = Mapping[str, tuple[Agency, frozenset[DataClass]]]
"""Party → its agency, and the classes that it may open of this message."""


def audience(
    flow: Flow,
    step: Step,
    referral: Referral,
    body: Body,
    joining: Mapping[str, Agency],
    sender: str,
    directory: Directory,
) -> Audience:
    """The recipients of a step, by party, the sender left out.

    Whoever joins by a step is told it, and whoever ends by it is told at least that.
    """
    present = {p.name: p.agency_id for p in referral.parties if p.active}
    agencies = {name: a for name, i in present.items() if (a := directory.agency(i))} | dict(
        joining
    )
    told: dict[str, frozenset[DataClass]] = {}
    copies = [*step.copies, *(name for name in joining), *(f"{name}:C0" for name in step.ends)]
    for copy in copies:
        party, narrowed = parse_copy(copy)
        for name in _expanded(party, agencies, body):
            if name in agencies and name in flow.parties and name != sender:
                may = flow.parties[name].classes
                told[name] = told.get(name, frozenset()) | (may & narrowed if narrowed else may)
    return {name: (agencies[name], classes) for name, classes in told.items()}


def within_consent(
    flow: Flow, step: Step, told: Audience, consents: tuple[Consent, ...], on: date
) -> Audience:
    """The same audience, where those told by consent get what consent covers and no more.

    Only where somebody else must be told anyhow: a notice of release reaches the probation office
    whatever became of the consent for the center. A message for parties by consent alone, and one
    by which somebody joins, is left as it is, and refused if consent does not cover it.
    """
    by_consent = {name for name in told if flow.parties[name].by_consent}
    if step.joins or not told.keys() - by_consent:
        return told
    return {
        name: (agency, classes & covered(consents, agency.id, agency.kind, on))
        if name in by_consent
        else (agency, classes)
        for name, (agency, classes) in told.items()
    }


def present_classes(body: Body) -> frozenset[DataClass]:
    """The classes of which a body says something."""
    given = {c for name, c in body.classes().items() if getattr(body, name) is not None}
    return ROUTING | given


def _expanded(party: str, agencies: Mapping[str, Agency], body: Body) -> Iterator[str]:
    if party == OTHERS:
        yield from agencies
    elif party == NAMED:
        record = body.consent_record()
        recipients = record.recipients if record else ()
        yield from (n for n, a in agencies.items() if {a.id, a.kind} & set(recipients))
    else:
        yield party
