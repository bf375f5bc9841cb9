"""CPU time of each part of a submit, measured alone in this process on one core."""

import gc
import json
from collections.abc import Callable
from statistics import median
from time import perf_counter
from uuid import uuid4

from app.adapters.keys.vault import Keyring
from app.adapters.referrals.decision_rows import (
    DecidedMessage,
    DecisionWriter,
    accept_arguments,
)
from app.adapters.referrals.message_rows import content_to_repeat
from app.api.referrals import envelopes
from app.api.wire.json_body import parse
from app.auth.receipts import ReceiptSigner
from app.auth.signing_keys import SigningKeys
from app.auth.tokens import TokenReader, TokenTerms
from app.domain.decisions.decide import decide
from app.domain.messages.digest import segments
from bench import wire
from bench.cpu import of_tree
from bench.load import FRESH
from bench.place import ISSUER, Place, at_once
from bench.senders import decide_opening, notice, submit_opening
from bench.stage import Inbox, Stage

Part = Callable[[], object]


def in_process(place: Place, sender: str, calls: int) -> dict[str, float]:
    """Microseconds of each part of an opening, outside the database."""
    keys = SigningKeys(place.keys)
    signer, vault = ReceiptSigner(keys, place.clock), place.vault()
    writer = DecisionWriter(vault, signer, ISSUER)
    reader = TokenReader(keys, TokenTerms(ISSUER, ISSUER), lambda *_: True)
    token = place.token(sender)
    raw = wire.opening(token).replace(FRESH, str(uuid4())).partition("\r\n\r\n")[2].encode()
    sent = parse(raw)
    message = notice()
    submission = submit_opening(place, message, sender)
    decision = decide(submission)
    contents = segments(message.body)
    claims = json.dumps({"digest": "sha256:" + "0" * 64, "message_id": str(message.id)}).encode()

    def keyring() -> Keyring:
        return at_once(vault.keyrings({message.id: contents}, {}))[message.id]

    ring = keyring()
    parts: dict[str, Part] = {
        "token, remembered": lambda: reader.access(token, place.clock()),
        "read JSON": lambda: parse(raw),
        "validate": lambda: envelopes.message_of(
            envelopes.read_opening(sent), message.id, message.referral_id
        ),
        "decide": lambda: decide_opening(place, message, sender),
        "canonical form": lambda: segments(message.body),
        "seal": lambda: keyring().seal(message.id, contents),
        "receipt": lambda: signer.sign(claims),
        "keyed hash for repeats": lambda: ring.mac(content_to_repeat(message, contents)),
        "all rows, sealed and signed": lambda: accept_arguments(
            at_once(writer.write([DecidedMessage(submission, decision, {}, None)]))
        ),
    }
    gc.collect()
    gc.freeze()  # as the service does
    return {name: _microseconds(part, calls) for name, part in parts.items()}


def row_security(stage: Stage, inbox: Inbox, calls: int) -> dict[str, float]:
    """CPU microseconds of PostgreSQL for one call, with row security and without it."""
    first = stage.place.login(inbox.urls.api), stage.place.login(inbox.urls.owner)
    second = stage.place.login(stage.place.urls.api), stage.place.login(stage.place.urls.owner)
    agency, after = inbox.polls[0]
    office = stage.pairs[0][1]
    poll = "SELECT read_inbox($1, $2, 50, false)", agency, after
    read = (
        "SELECT count(*) FROM read_messages($1, $2, $3)",
        office,
        list(stage.messages),
        stage.place.clock().date(),
    )
    microseconds = {}
    for name, logins, (query, *arguments) in (("poll", first, poll), ("read 50", second, read)):
        for how, login in zip(("with", "without"), logins, strict=True):
            backend = login.value("SELECT pg_backend_pid()")
            for _ in range(calls):  # plans are kept after the fifth call
                login.value(query, *arguments)
            before = of_tree(backend)
            for _ in range(calls):
                login.value(query, *arguments)
            microseconds[f"{name}, {how} row security"] = (of_tree(backend) - before) / calls * 1e6
    return microseconds


def _microseconds(part: Part, calls: int) -> float:
    times = []
    for _ in range(5):
        began = perf_counter()
        for _ in range(calls):
            part()
        times.append((perf_counter() - began) / calls * 1e6)
    return median(times)
