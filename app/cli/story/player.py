"""Plays scenes on a stage: sends the messages, reads everything back and compares it."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx

from app.cli.evidence.findings import Verdict
from app.cli.evidence.opened import Trust, keys_of, log_keys_of
from app.cli.evidence.verification import Baseline, verify
from app.cli.story.narrator import Narrator
from app.cli.story.scene import (
    ALL,
    ENDED,
    Actor,
    Arrives,
    AskedBack,
    Chapter,
    Hidden,
    Opens,
    Proves,
    Refused,
    Scene,
    Sends,
    Thread,
)
from app.cli.story.stage import NOT_SEALED, CannotPlay, Stage
from app.domain.evidence.bundle import pack, unpack
from app.domain.flows import FLOWS

BUNDLES = 10
"""How often a bundle is fetched until its log entries are sealed. The worker seals every second."""

OK, CREATED, NOT_FOUND = httpx.codes.OK, httpx.codes.CREATED, httpx.codes.NOT_FOUND


class StoryMismatch(Exception):
    """The service did something else than the story says. `actual` is what it answered."""

    def __init__(self, expected: object, actual: object) -> None:
        super().__init__(f"expected {expected}, found {actual}")


class Player:
    """Plays one scene after the other, and keeps the state of each referral for each actor."""

    def __init__(self, stage: Stage, narrator: Narrator) -> None:
        self._stage = stage
        self._narrator = narrator
        self._cast: tuple[Actor, ...] = ()
        self._states: dict[tuple[Actor, UUID], str] = {}
        self._heads: dict[Actor, int] = {}
        self.messages = 0
        self.checks = 0

    def play(self, scenes: Iterable[Scene]) -> None:
        """Play `scenes` to the end.

        Raises:
            StoryMismatch: the service did something else than the story says.
            CannotPlay: the service went away.
        """
        for scene in scenes:
            match scene:
                case Chapter():
                    self._play_chapter(scene)
                case Sends():
                    self._play_message(scene)
                case Refused():
                    self._play_refusal(scene)
                case _:
                    self._play_check(scene)

    def _play_check(self, scene: Opens | Arrives | Hidden | AskedBack | Proves) -> None:
        self._narrator.print_aside(scene.who, scene.tale)
        match scene:
            case Opens():
                self._play_opening(scene)
            case Arrives():
                self._play_arrival(scene)
            case AskedBack():
                self._play_return_request(scene)
            case Hidden():
                self._play_hidden_case(scene)
            case Proves():
                self._play_proof(scene)

    def _play_chapter(self, scene: Chapter) -> None:
        self._cast = scene.cast
        for who in scene.cast:
            self._heads[who] = self._read(who, "/v1/inbox/status")["head"]
        self._narrator.print_chapter(scene)

    def _play_message(self, scene: Sends) -> None:
        answer = self._send(scene)
        self._narrator.print_step(scene, answer.json().get("accepted_at"))
        self._check_status(answer, CREATED)
        accepted = answer.json()
        self._check_equal(scene.then, accepted["state"])
        self.messages += 1
        for who in (scene.who, *scene.recipients):
            self._states[who, scene.thread.id] = scene.then
        for other in scene.elsewhere:
            self._states |= {(who, other.thread.id): other.state for who in other.seen_by}
        self._narrator.print_state(scene.thread.flow, scene.then)
        for other in scene.elsewhere:
            self._narrator.print_state(
                other.thread.flow, other.state, FLOWS[other.thread.flow].title
            )
        self._check_readers(scene)
        if scene.facts:
            self._check_facts(scene)
        if scene.lead:
            self._check_lead(scene, scene.lead)

    def _send(self, scene: Sends) -> httpx.Response:
        envelope = {
            "id": str(scene.id),
            "occurred_on": scene.on.isoformat(),
            **scene.envelope,
            "body": {"type": scene.type, **scene.body},
        }
        thread = f"/v1/referrals/{scene.thread.id}/messages"
        return self._stage.post(
            scene.who, "/v1/referrals" if scene.opens else thread, envelope, scene.role
        )

    def _check_readers(self, scene: Sends) -> None:
        readers, others = [], []
        for who in self._cast:
            self._check_state(who, scene.thread)
            if who == scene.who or who in scene.recipients:
                opened = self._check_classes(
                    who, scene.thread, scene.id, scene.recipients.get(who, ALL)
                )
                readers += [(who, opened)] if who != scene.who else []
            else:
                self._check_status(
                    self._stage.get(who, _message_path(scene.thread, scene.id)), NOT_FOUND
                )
                others.append((who, self._states.get((who, scene.thread.id))))
        for other in scene.elsewhere:
            for who in self._cast:
                self._check_state(who, other.thread)
        self._narrator.print_readers(readers)
        self._narrator.print_others(others)

    def _check_state(self, who: Actor, thread: Thread) -> None:
        """Compare the state of the referral as an actor reads it; a stranger has to get 404."""
        answer = self._stage.get(who, f"/v1/referrals/{thread.id}")
        expected = self._states.get((who, thread.id))
        if expected is None:
            self._check_status(answer, NOT_FOUND)
            return
        self._check_status(answer, OK)
        referral = answer.json()
        if referral["you"]["until"] is not None:
            self._states[who, thread.id] = ENDED
        else:
            self._check_equal(expected, referral["state"])

    def _check_classes(self, who: Actor, thread: Thread, message: UUID, expected: str) -> str:
        message_view = self._read(who, _message_path(thread, message))
        withheld = {each["class"] for each in message_view["withheld"]}
        opened = " ".join(c for c in sorted(message_view["digests"]) if c not in withheld)
        self._check_equal(
            " ".join(sorted(message_view["digests"])) if expected == ALL else expected, opened
        )
        return opened if not withheld else f"{opened} (× {' '.join(sorted(withheld))})"

    def _check_facts(self, scene: Sends) -> None:
        expected = {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in scene.facts.items()
        }
        for who in (w for w, classes in scene.recipients.items() if classes == ALL):
            facts = self._read(who, f"/v1/referrals/{scene.thread.id}")["facts"]
            self._check_equal(expected, {name: facts.get(name) for name in expected})
        self._narrator.print_facts(scene.facts)

    def _check_lead(self, scene: Sends, lead: Actor) -> None:
        views = [(scene.thread, who) for who in (scene.who, *scene.recipients)]
        views += [(other.thread, who) for other in scene.elsewhere for who in other.seen_by]
        for thread, who in views:
            self._check_equal(lead.id, self._read(who, f"/v1/referrals/{thread.id}")["lead"])
        self._narrator.print_lead(lead)

    def _play_refusal(self, scene: Refused) -> None:
        answer = self._send(scene.attempt)
        self._narrator.print_step(scene.attempt, None)
        if answer.is_success:
            raise StoryMismatch(scene.problem, f"{answer.status_code} {answer.text}")
        problem = answer.json()
        self._check_equal(f"/problems/{scene.problem}", problem["type"])
        named = {guard["name"] for guard in problem.get("guards", ())}
        self._check_equal({scene.guard} - {""}, named)
        self._narrator.print_refusal(problem)

    def _play_opening(self, scene: Opens) -> None:
        answer = self._stage.get(scene.who, _message_path(scene.thread, scene.message), scene.role)
        self._check_status(answer, OK)
        message_view = answer.json()
        withheld = {each["class"]: each["reason"] for each in message_view["withheld"]}
        opened = " ".join(c for c in sorted(message_view["digests"]) if c not in withheld)
        everything = " ".join(sorted(message_view["digests"]))
        self._check_equal(everything if scene.opened == ALL else scene.opened, opened)
        self._check_equal({scene.because} - {""}, set(withheld.values()))
        self._narrator.print_opened_classes(opened, sorted(withheld), scene.because)
        if scene.exactly is not None:
            self._check_equal(dict(scene.exactly), message_view["body"])
            self._narrator.print_body(message_view["body"])

    def _play_arrival(self, scene: Arrives) -> None:
        item = self._inbox_item(scene.who, scene.message)
        self._check_equal(scene.urgency, item["urgency"])
        answer = self._stage.post(
            scene.who, "/v1/inbox/acknowledgements", {"positions": [item["position"]]}
        )
        self._check_status(answer, OK)
        self._check_equal("acknowledged", self._inbox_item(scene.who, scene.message)["state"])
        self._narrator.print_inbox_item(item["position"], item["urgency"])

    def _inbox_item(self, who: Actor, message: UUID) -> dict[str, Any]:
        after = self._heads[who]
        while (page := self._read(who, "/v1/inbox", after=after))["items"]:
            for item in page["items"]:
                if item["message_id"] == str(message):
                    entry: dict[str, Any] = item
                    return entry
            after = page["next"]
        raise StoryMismatch(f"{message} in the inbox of {who.id}", "nothing")

    def _play_return_request(self, scene: AskedBack) -> None:
        request = self._return_request(scene.who, "/v1/return-requests", scene.thread)
        self._check_equal("open", request["state"])
        followed = f"/v1/cases/{request['case_id']}/return-requests"
        for who in scene.followed_by:
            self._check_equal(
                request["id"], self._return_request(who, followed, scene.thread, scene.who)["id"]
            )
        # The service knows the day of the request by its own clock, and not by the story's.
        answer = {"answer": "destroyed", "on": request["requested_at"][:10]}
        response = self._stage.post(
            scene.who, f"/v1/return-requests/{request['id']}/answer", answer
        )
        self._check_status(response, OK)
        for who in scene.followed_by:
            view = self._return_request(who, followed, scene.thread, scene.who)
            self._check_equal(("answered", "destroyed"), (view["state"], view["answer"]))
            self._check_equal(None, view["message_ids"])
        self._narrator.print_return_request(
            request["classes"], date.fromisoformat(request["due_on"]), scene.followed_by
        )

    def _return_request(
        self, who: Actor, path: str, thread: Thread, of: Actor | None = None
    ) -> dict[str, Any]:
        """The return request in a referral, as `who` reads it at `path`."""
        items = self._read(who, path, limit=100)["items"]
        wanted = (of or who).id
        for item in items:
            if (item["referral_id"], item["agency_id"]) == (str(thread.id), wanted):
                entry: dict[str, Any] = item
                return entry
        raise StoryMismatch(f"a request to {wanted} for {who.id}", "none")

    def _play_hidden_case(self, scene: Hidden) -> None:
        real = self._stage.get(scene.who, f"/v1/referrals/{scene.thread.id}")
        never = self._stage.get(scene.who, f"/v1/referrals/{uuid4()}")
        self._check_status(real, NOT_FOUND)
        self._check_equal(_without_instance(never), _without_instance(real))
        listed = self._read(scene.who, "/v1/referrals", limit=100, flow=scene.thread.flow)
        self._check_equal([], [r["id"] for r in listed["items"] if r["id"] == str(scene.thread.id)])
        self._narrator.print_refusal(real.json())

    def _play_proof(self, scene: Proves) -> None:
        case = self._read(scene.who, f"/v1/referrals/{scene.thread.id}")["case_id"]
        baseline = Baseline(self._published_keys(scene.who))
        for _ in range(BUNDLES):
            answer = self._stage.get(scene.who, f"/v1/cases/{case}/bundle")
            self._check_status(answer, OK)
            findings = verify(answer.content, baseline)
            if findings.verdict is not Verdict.INCOMPLETE:
                break
        else:
            raise CannotPlay(NOT_SEALED)
        self._check_equal((Verdict.VERIFIED, []), (findings.verdict, findings.problems))
        self._narrator.print_proof(
            len(answer.content), findings.messages, findings.entries, findings.withheld
        )
        files = unpack(answer.content)
        missing = [name for name in files if name.startswith("messages/")][findings.messages // 2]
        del files[missing]
        (problem,) = verify(pack(files), baseline).problems
        self._check_equal(("missing", missing), (problem.code, problem.file))
        self._narrator.print_failed_proof(missing)

    def _published_keys(self, who: Actor) -> Trust:
        receipts, log = (
            self._stage.get(who, f"/.well-known/{n}") for n in ("jwks.json", "log-keys")
        )
        for answer in (receipts, log):
            self._check_status(answer, OK)
        return Trust(keys_of(receipts.json(), None), log_keys_of(log.text.splitlines(), None))

    def _read(self, who: Actor, path: str, **query: Any) -> dict[str, Any]:
        answer = self._stage.get(who, path, **query)
        self._check_status(answer, OK)
        body: dict[str, Any] = answer.json()
        return body

    def _check_status(self, answer: httpx.Response, expected: int) -> None:
        self.checks += 1
        if answer.status_code != expected:
            where = f"{answer.request.method} {answer.request.url.path}"
            raise StoryMismatch(f"{int(expected)} {where}", f"{answer.status_code} {answer.text}")

    def _check_equal(self, expected: object, actual: object) -> None:
        self.checks += 1
        if expected != actual:
            raise StoryMismatch(expected, actual)


def _message_path(thread: Thread, message: UUID) -> str:
    return f"/v1/referrals/{thread.id}/messages/{message}"


def _without_instance(answer: httpx.Response) -> Mapping[str, Any]:
    """A problem without `instance`, the member that repeats the path."""
    return {name: value for name, value in answer.json().items() if name != "instance"}
