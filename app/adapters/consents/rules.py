"""Which flows a purpose of consent serves, as the database holds it."""

from collections.abc import Iterator

from app.domain.consents.consent import PURPOSE_FLOWS


def purpose_flows() -> Iterator[tuple[str, str | None]]:
    """Rows of `purpose_flow`; a purpose that serves none has one row without a flow."""
    for purpose, flows in PURPOSE_FLOWS.items():
        for flow in flows or (None,):
            yield purpose, flow
