"""Functions that the API's role may call and that run as the owner: none of them believes the
agency or the time that its caller names."""

import re
from collections.abc import Mapping

import asyncpg
import pytest

READS = "reads alone; whose rows it reads is the caller's to say, as with the policies"
OF_A_POLICY = "asked by policies about a row, in whose name that row is"
AGENCY_IS_NOT_CHECKED = {
    "count_sent": READS,
    "covered": OF_A_POLICY,
    "fact_keys": READS,
    "find_repeat": READS,
    "hold_bounds": READS,
    "hold_for_recall": "locks and reads what the agency sent, by the rows; writes nothing",
    "known_situation": READS,
    "latest_in_mailboxes": READS,
    "list_clients": READS,
    "list_seats": READS,
    "log_token": "the agency is that of the client's row: `write_log_of` refuses another",
    "lost_classes": OF_A_POLICY,
    "may_know": OF_A_POLICY,
    "paper_copies": READS,
    "shown_return": OF_A_POLICY,
    "summarize_disclosures": READS,
}
TIME_IS_NOT_CHECKED = {
    "count_sent": READS,
    "delivery_figures": READS,
    "list_deliveries": READS,
    "list_disclosures": READS,
    "log_figures": READS,
    "overwriting_figures": READS,
}
MAY_LOCK = {"hold_for_recall", "log_token"}
"""Of these exceptions, those that do more than read."""

AGENCY = re.compile(
    r"\bp_agenc(?:y|ies)\b|'agency_id'|'\{requests,0,sender_agency\}'|caller_agency"
)
TIME = re.compile(r"\btimestamptz\b|timestamp with time zone")
WRITES_FOR_NOBODY = {
    "hold_for_recall": "locks, and writes nothing",
    "log_token": "the agency is that of the client's row: `write_log_of` refuses another",
    "secret_failed": "counts wrong secrets, of whom is not known",
    "secret_succeeded": "says where a secret was right; nobody has named an agency yet",
    "use_assertion": "an assertion is used before its client is known",
}
CHECKS_AGENCY = {"act_for"}
CHECKS_TIME = {"service_time", "write_log"}

FUNCTIONS = """
    SELECT p.proname AS name, p.prosrc AS source, pg_get_function_arguments(p.oid) AS arguments,
        p.provolatile = 's' AS stable,
        p.prosecdef AND has_function_privilege('tsunagu_api', p.oid, 'EXECUTE') AS given
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
"""


@pytest.fixture(scope="module")
async def functions(owner: asyncpg.Pool) -> Mapping[str, asyncpg.Record]:
    """Every function of ours, by name."""
    return {row["name"]: row for row in await owner.fetch(FUNCTIONS)}


def calls(functions: Mapping[str, asyncpg.Record], name: str) -> set[str]:
    """The functions of ours that it calls, and those that these call."""
    found, ahead = set[str](), [name]
    while ahead:
        source = re.sub(r"--.*", "", functions[ahead.pop()]["source"] or "")
        new = {each for each in re.findall(r"\b(\w+)\(", source) if each in functions} - found
        found |= new
        ahead.extend(new)
    return found


def unchecked(
    functions: Mapping[str, asyncpg.Record], named: re.Pattern[str], checks: set[str]
) -> set[str]:
    """The functions that the API may call, that take such a name, and that call no check of it."""
    return {
        name
        for name, row in functions.items()
        if row["given"]
        and named.search(row["arguments"] + re.sub(r"--.*", "", row["source"] or ""))
        and not checks & calls(functions, name)
    }


async def test_no_function_believes_the_agency_that_its_caller_names(
    functions: Mapping[str, asyncpg.Record],
) -> None:
    assert unchecked(functions, AGENCY, CHECKS_AGENCY) == set(AGENCY_IS_NOT_CHECKED)


async def test_whatever_writes_acts_for_an_agency(
    functions: Mapping[str, asyncpg.Record],
) -> None:
    writing = {name for name, row in functions.items() if row["given"] and not row["stable"]}
    free = {name for name in writing if not CHECKS_AGENCY & calls(functions, name)}
    assert free == set(WRITES_FOR_NOBODY)


async def test_no_function_believes_the_time_that_its_caller_gives(
    functions: Mapping[str, asyncpg.Record],
) -> None:
    assert unchecked(functions, TIME, CHECKS_TIME) == set(TIME_IS_NOT_CHECKED)


async def test_the_exceptions_only_read(functions: Mapping[str, asyncpg.Record]) -> None:
    exceptions = {*AGENCY_IS_NOT_CHECKED, *TIME_IS_NOT_CHECKED} - MAY_LOCK
    assert [name for name in exceptions if not functions[name]["stable"]] == []


async def test_entries_that_a_caller_gives_reach_the_log_by_the_check_of_their_names_only(
    functions: Mapping[str, asyncpg.Record],
) -> None:
    given = re.compile(r"write_log\([^;]*\bp(?:_log|_entries)?\b(?! *->> *'at')[^;]*;")
    past = {
        name
        for name, row in functions.items()
        if given.search(re.sub(r"--.*", "", row["source"] or ""))
    }
    assert past - {"write_log_of_each", "write_log"} == set()
