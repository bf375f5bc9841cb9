"""Inboxes of a given size, and how many pages of the database a poll touches."""

import json
from statistics import median

from bench.place import Place

AGENCIES = 100
AT_ONCE = 1_000
"""Positions of each agency that one statement writes."""
LIVELY = 100
"""The last items of each agency, which nobody has opened yet."""

# Agency by agency within each position, as time would have written them: the items of one agency
# lie far apart. Foreign keys are not checked: the ids were just read.
FILL = """
    INSERT INTO inbox_item (agency_id, position, kind, referral_id, message_id, type, from_party,
        from_agency, urgency, accepted_at, opened_at, acknowledged_at, acknowledged_by)
    SELECT a.id, p, 'message', uuidv7(), uuidv7(), 'special_adjustment.notify_candidate',
        'institution', 'prison-fuchu', 'normal', $1::timestamptz, CASE WHEN p <= $5 THEN $1 END,
        CASE WHEN p <= $5 THEN $1 END, CASE WHEN p <= $5 THEN a.id || '.decider' END
    FROM generate_series($2::bigint, $3) AS p CROSS JOIN unnest($4::text[]) AS a (id)
    ORDER BY p, a.id
"""
HEADS = """
    UPDATE mailbox SET head = $1, opened = $2, acknowledged = $2 WHERE agency_id = ANY ($3)
"""
EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT read_inbox('{}', {}, 50, false)"


def agencies(place: Place) -> list[str]:
    """The agencies whose inboxes are filled: centers and probation offices."""
    kinds = {"settlement_center", "probation_office"}
    ids = [a.id for a in place.directory.agencies if a.kind in kinds]
    return ids[:AGENCIES]


def fill(place: Place, url: str, items: int) -> int:
    """Write about that many items, evenly over the agencies, and return how many each has.

    Args:
        url: the administrator's login to the database.
    """
    owners = agencies(place)
    each = items // len(owners)
    read = max(0, each - LIVELY)
    admin = place.login(url)
    admin.execute("SET session_replication_role = replica")
    admin.execute("SET synchronous_commit = off")
    for first in range(1, each + 1, AT_ONCE):
        last = min(first + AT_ONCE - 1, each)
        admin.execute(FILL, place.clock(), first, last, owners, read)
    admin.execute(HEADS, each, read, owners)
    admin.execute("VACUUM (ANALYZE) inbox_item")
    admin.execute("CHECKPOINT")
    return each


def buffers(place: Place, url: str, polls: list[tuple[str, int]]) -> float:
    """Database pages that a poll touches, in shared buffers or not: the median over `polls`.

    Args:
        url: the API's login, whom row security binds.
        polls: agency and position.
    """
    api = place.login(url)
    counts = []
    for agency, after in [*polls[:5], *polls]:  # the first ones read the catalogue too
        plan = json.loads(api.value(EXPLAIN.format(agency, after)))[0]["Plan"]
        counts.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
    return float(median(counts[5:]))
