"""Plays scenes on a stage, and believes nothing: what is told is read back and compared."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx

from app.cli.evidence.findings import Verdict
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
"""How often a bundle is fetched until all of it is sealed. The worker seals each second."""

OK, CREATED, NOT_FOUND = httpx.codes.OK, httpx.codes.CREATED, httpx.codes.NOT_FOUND


class NotAsTold(Exception):
    """The service did something else than the story says. `found` is what it answered."""

    def __init__(self, expected: object, found: object) -> None:
        super().__init__(f"expected {expected}, found {found}")


class Player:
    """Plays one scene after the other. `states` is what each actor has seen of each referral."""

    def __init__(self, stage: Stage, narrator: Narrator) -> None:
        self._stage = stage
        self._say = narrator
        self._cast: tuple[Actor, ...] = ()
        self._states: dict[tuple[Actor, UUID], str] = {}
        self._heads: dict[Actor, int] = {}
        self.messages = 0
        self.checks = 0

    def play(self, scenes: Iterable[Scene]) -> None:
        """Play `scenes` to the end.

        Raises:
            NotAsTold: something was otherwise than the story says.
            CannotPlay: the service went away.
        """
        for scene in scenes:
            match scene:
                case Chapter():
                    self._chapter(scene)
                case Sends():
                    self._sends(scene)
                case Refused():
                    self._refused(scene)
                case _:
                    self._looks(scene)

    def _looks(self, scene: Opens | Arrives | Hidden | AskedBack | Proves) -> None:
        self._say.aside(scene.who, scene.tale)
        match scene:
            case Opens():
                self._opens(scene)
            case Arrives():
                self._arrives(scene)
            case AskedBack():
                self._asked_back(scene)
            case Hidden():
                self._hidden(scene)
            case Proves():
                self._proves(scene)

    def _chapter(self, scene: Chapter) -> None:
        self._cast = scene.cast
        for who in scene.cast:
            self._heads[who] = self._read(who, "/v1/inbox/status")["head"]
        self._say.chapter(scene)

    def _sends(self, scene: Sends) -> None:
        answer = self._send(scene)
        self._say.step(scene, answer.json().get("accepted_at"))
        self._is(answer, CREATED)
        accepted = answer.json()
        self._same(scene.then, accepted["state"])
        self.messages += 1
        for who in (scene.who, *scene.told):
            self._states[who, scene.thread.id] = scene.then
        for other in scene.elsewhere:
            self._states |= {(who, other.thread.id): other.state for who in other.seen_by}
        self._say.state(scene.thread.flow, scene.then)
        for other in scene.elsewhere:
            self._say.state(other.thread.flow, other.state, FLOWS[other.thread.flow].title)
        self._who_sees(scene)
        if scene.facts:
            self._facts(scene)
        if scene.lead:
            self._leads(scene, scene.lead)

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

    def _who_sees(self, scene: Sends) -> None:
        found, lost = [], []
        for who in self._cast:
            self._stands(who, scene.thread)
            if who == scene.who or who in scene.told:
                opened = self._classes(who, scene.thread, scene.id, scene.told.get(who, ALL))
                found += [(who, opened)] if who != scene.who else []
            else:
                self._is(self._stage.get(who, _place(scene.thread, scene.id)), NOT_FOUND)
                lost.append((who, self._states.get((who, scene.thread.id))))
        for other in scene.elsewhere:
            for who in self._cast:
                self._stands(who, other.thread)
        self._say.visible(found)
        self._say.invisible(lost)

    def _stands(self, who: Actor, thread: Thread) -> None:
        """Compare where the referral stands for an actor; whoever was never told finds none."""
        answer = self._stage.get(who, f"/v1/referrals/{thread.id}")
        known = self._states.get((who, thread.id))
        if known is None:
            self._is(answer, NOT_FOUND)
            return
        self._is(answer, OK)
        found = answer.json()
        if found["you"]["until"] is not None:
            self._states[who, thread.id] = ENDED
        else:
            self._same(known, found["state"])

    def _classes(self, who: Actor, thread: Thread, message: UUID, expected: str) -> str:
        found = self._read(who, _place(thread, message))
        withheld = {each["class"] for each in found["withheld"]}
        opened = " ".join(c for c in sorted(found["digests"]) if c not in withheld)
        self._same(" ".join(sorted(found["digests"])) if expected == ALL else expected, opened)
        return opened if not withheld else f"{opened} (× {' '.join(sorted(withheld))})"

    def _facts(self, scene: Sends) -> None:
        expected = {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in scene.facts.items()
        }
        for who in (w for w, classes in scene.told.items() if classes == ALL):
            facts = self._read(who, f"/v1/referrals/{scene.thread.id}")["facts"]
            self._same(expected, {name: facts.get(name) for name in expected})
        self._say.facts(scene.facts)

    def _leads(self, scene: Sends, lead: Actor) -> None:
        views = [(scene.thread, who) for who in (scene.who, *scene.told)]
        views += [(other.thread, who) for other in scene.elsewhere for who in other.seen_by]
        for thread, who in views:
            self._same(lead.id, self._read(who, f"/v1/referrals/{thread.id}")["lead"])
        self._say.lead(lead)

    def _refused(self, scene: Refused) -> None:
        answer = self._send(scene.attempt)
        self._say.step(scene.attempt, None)
        if answer.is_success:
            raise NotAsTold(scene.problem, f"{answer.status_code} {answer.text}")
        problem = answer.json()
        self._same(f"/problems/{scene.problem}", problem["type"])
        named = {guard["name"] for guard in problem.get("guards", ())}
        self._same({scene.guard} - {""}, named)
        self._say.refused(problem)

    def _opens(self, scene: Opens) -> None:
        answer = self._stage.get(scene.who, _place(scene.thread, scene.message), scene.role)
        self._is(answer, OK)
        found = answer.json()
        withheld = {each["class"]: each["reason"] for each in found["withheld"]}
        opened = " ".join(c for c in sorted(found["digests"]) if c not in withheld)
        everything = " ".join(sorted(found["digests"]))
        self._same(everything if scene.opened == ALL else scene.opened, opened)
        self._same({scene.because} - {""}, set(withheld.values()))
        self._say.opened(opened, sorted(withheld), scene.because)
        if scene.exactly is not None:
            self._same(dict(scene.exactly), found["body"])
            self._say.body(found["body"])

    def _arrives(self, scene: Arrives) -> None:
        item = self._waiting(scene.who, scene.message)
        self._same(scene.urgency, item["urgency"])
        done = self._stage.post(
            scene.who, "/v1/inbox/acknowledgements", {"positions": [item["position"]]}
        )
        self._is(done, OK)
        self._same("acknowledged", self._waiting(scene.who, scene.message)["state"])
        self._say.inbox(item["position"], item["urgency"])

    def _waiting(self, who: Actor, message: UUID) -> dict[str, Any]:
        after = self._heads[who]
        while (page := self._read(who, "/v1/inbox", after=after))["items"]:
            for item in page["items"]:
                if item["message_id"] == str(message):
                    found: dict[str, Any] = item
                    return found
            after = page["next"]
        raise NotAsTold(f"{message} in the inbox of {who.id}", "nothing")

    def _asked_back(self, scene: AskedBack) -> None:
        request = self._request(scene.who, "/v1/return-requests", scene.thread)
        self._same("open", request["state"])
        followed = f"/v1/cases/{request['case_id']}/return-requests"
        for who in scene.followed_by:
            self._same(request["id"], self._request(who, followed, scene.thread, scene.who)["id"])
        answer = {"answer": "destroyed", "on": scene.on.isoformat()}
        done = self._stage.post(scene.who, f"/v1/return-requests/{request['id']}/answer", answer)
        self._is(done, OK)
        for who in scene.followed_by:
            seen = self._request(who, followed, scene.thread, scene.who)
            self._same(("answered", "destroyed"), (seen["state"], seen["answer"]))
            self._same(None, seen["message_ids"])
        self._say.asked_back(
            request["classes"], date.fromisoformat(request["due_on"]), scene.followed_by
        )

    def _request(
        self, who: Actor, path: str, thread: Thread, of: Actor | None = None
    ) -> dict[str, Any]:
        """The request in a referral that `who` finds at `path`."""
        items = self._read(who, path, limit=100)["items"]
        wanted = (of or who).id
        for item in items:
            if (item["referral_id"], item["agency_id"]) == (str(thread.id), wanted):
                found: dict[str, Any] = item
                return found
        raise NotAsTold(f"a request to {wanted} for {who.id}", "none")

    def _hidden(self, scene: Hidden) -> None:
        real = self._stage.get(scene.who, f"/v1/referrals/{scene.thread.id}")
        never = self._stage.get(scene.who, f"/v1/referrals/{uuid4()}")
        self._is(real, NOT_FOUND)
        self._same(_but_instance(never), _but_instance(real))
        listed = self._read(scene.who, "/v1/referrals", limit=100, flow=scene.thread.flow)
        self._same([], [r["id"] for r in listed["items"] if r["id"] == str(scene.thread.id)])
        self._say.refused(real.json())

    def _proves(self, scene: Proves) -> None:
        case = self._read(scene.who, f"/v1/referrals/{scene.thread.id}")["case_id"]
        for _ in range(BUNDLES):
            answer = self._stage.get(scene.who, f"/v1/cases/{case}/bundle")
            self._is(answer, OK)
            found = verify(answer.content, Baseline())
            if found.verdict is not Verdict.INCOMPLETE:
                break
        else:
            raise CannotPlay(NOT_SEALED)
        self._same((Verdict.VERIFIED, []), (found.verdict, found.problems))
        self._say.proved(len(answer.content), found.messages, found.entries, found.withheld)
        files = unpack(answer.content)
        taken = [name for name in files if name.startswith("messages/")][found.messages // 2]
        del files[taken]
        (problem,) = verify(pack(files), Baseline()).problems
        self._same(("missing", taken), (problem.code, problem.file))
        self._say.not_proved(taken)

    def _read(self, who: Actor, path: str, **query: Any) -> dict[str, Any]:
        answer = self._stage.get(who, path, **query)
        self._is(answer, OK)
        found: dict[str, Any] = answer.json()
        return found

    def _is(self, answer: httpx.Response, expected: int) -> None:
        self.checks += 1
        if answer.status_code != expected:
            where = f"{answer.request.method} {answer.request.url.path}"
            raise NotAsTold(f"{int(expected)} {where}", f"{answer.status_code} {answer.text}")

    def _same(self, expected: object, found: object) -> None:
        self.checks += 1
        if expected != found:
            raise NotAsTold(expected, found)


def _place(thread: Thread, message: UUID) -> str:
    return f"/v1/referrals/{thread.id}/messages/{message}"


def _but_instance(answer: httpx.Response) -> Mapping[str, Any]:
    """A problem without the one member that repeats the path."""
    return {name: value for name, value in answer.json().items() if name != "instance"}
