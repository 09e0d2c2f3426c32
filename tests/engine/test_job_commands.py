"""What an operator does with a job: try it again, correct what it is given, do without it for a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import pytest
from sqlalchemy import func, select

from engine.errors import CommandRefused
from engine.services import Call, Param, service_task
from engine.tables import Definition, History, Incident, Job
from engine.testing import Case, ProcessTest
from tests.engine.models import (
    both,
    boundary,
    catch,
    end,
    error,
    message,
    one,
    service,
    start,
    task,
    throw,
    timer,
    user,
)


class Letter:
    """A service that sends to whoever has an address with an @, and remembers."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int]] = []

    def declared(self, **policy: Any) -> Any:
        @service_task("letter", title="寄信", effect="external", **({"attempts": 1} | policy))
        def letter(to: Annotated[str, Param(title="收件人")], copies: int = 1) -> str:
            if "@" not in to:
                raise OSError("no such address")
            self.sent.append((to, copies))
            return f"sent to {to}"

        return letter


MODEL = one(start(), service("s", "letter", "answer", to="address"), task("on"), "start > s > on")


def letters(letter: Letter, database_url: str, model: bytes = MODEL) -> ProcessTest:
    return ProcessTest([model], services={"letter": letter.declared()}, database_url=database_url)


def only_job(t: ProcessTest) -> str:
    return t.read(lambda session: session.scalars(select(Job.id)).one())


def job_count(t: ProcessTest) -> int:
    return t.read(lambda session: session.scalar(select(func.count(Job.id)))) or 0


def lines(t: ProcessTest, case: Case, action: str) -> list[tuple[str | None, str | None, Any]]:
    query = select(History).where(History.instance_id == case.id, History.action == action).order_by(History.seq)
    return t.read(lambda session: [(line.element_id, line.actor, line.details) for line in session.scalars(query)])


def give(t: ProcessTest, verb: str, job_id: str, *arguments: Any) -> None:
    with t.engine.command(t.session, actor="admin") as command:
        getattr(command, verb)(job_id, *arguments)
    t.advance(seconds=0)


# Trying again


def test_a_retried_job_has_its_attempts_again_with_the_arguments_it_had(database_url: str) -> None:
    letter = Letter()
    with letters(letter, database_url) as t:
        case = t.start("p", {"address": "nowhere"})
        assert case.status == "failed"
        failed = only_job(t)
        t.restart()
        give(t, "retry_job", failed)
        assert only_job(t) == failed
        assert [i.element_id for i in case.incidents] == ["s"]
        assert lines(t, case, "retried") == [("s", "admin", {"job": failed})]


def test_corrected_arguments_stand_in_the_history_before_and_after(database_url: str) -> None:
    letter = Letter()
    with letters(letter, database_url) as t:
        case = t.start("p", {"address": "nowhere"})
        failed = only_job(t)
        t.restart()
        give(t, "retry_job", failed, {"to": "a@b", "copies": 2})
        assert letter.sent == [("a@b", 2)]
        assert case.data == {"address": "nowhere", "answer": "sent to a@b"}
        assert (case.status, case.incidents, case.trace) == ("completed", [], ["start", "s", "on"])
        [(_, actor, details)] = lines(t, case, "retried")
        assert actor == "admin"
        assert details["arguments"] == {"before": {"to": "nowhere"}, "after": {"to": "a@b", "copies": 2}}


@pytest.mark.parametrize("arguments", [{"to": 5}, {"at": "a@b"}, {"copies": "many"}])
def test_arguments_that_the_service_does_not_take_are_refused_and_nothing_changes(
    database_url: str, arguments: dict[str, Any]
) -> None:
    with letters(Letter(), database_url) as t:
        case = t.start("p", {"address": "nowhere"})
        with pytest.raises(CommandRefused) as refused:
            give(t, "retry_job", only_job(t), arguments)
        assert (refused.value.code, refused.value.status) == ("arguments_invalid", 422)
        assert lines(t, case, "retried") == []
        assert len(case.incidents) == 1


def test_a_job_s_retry_leaves_the_other_incidents_of_its_case_alone(database_url: str) -> None:
    model = one(
        start(),
        both("f"),
        service("s", "letter", "", to="address"),
        service("r", "letter", "", to="address"),
        "start > f > s",
        "f > r",
    )
    letter = Letter()
    with letters(letter, database_url, model) as t:
        case = t.start("p", {"address": "nowhere"})
        first = t.read(lambda session: session.scalars(select(Job.id).where(Job.element_id == "r")).one())
        give(t, "retry_job", first, {"to": "a@b"})
        assert [i.element_id for i in case.incidents] == ["s"]
        assert case.trace == ["start", "f", "r"]


def test_only_a_failed_job_is_retried() -> None:
    with ProcessTest([one(start(), catch("w", timer("PT1H")), "start > w")]) as t:
        t.start("p")
        with pytest.raises(CommandRefused) as refused:
            give(t, "retry_job", only_job(t))
        assert (refused.value.code, refused.value.status) == ("job_not_failed", 409)
        with pytest.raises(CommandRefused) as refused:
            give(t, "retry_job", "unknown")
        assert (refused.value.code, refused.value.status) == ("job_unknown", 404)


def test_a_detached_job_is_retried_and_corrected_too(database_url: str) -> None:
    letter = Letter()

    def work(call: Call) -> None:
        call.enqueue("letter", to="nowhere")

    services = {"work": work, "letter": letter.declared()}
    with ProcessTest([one(start(), service("s"), "start > s")], services=services, database_url=database_url) as t:
        case = t.start("p")
        assert (case.status, len(case.incidents)) == ("completed", 1)
        give(t, "retry_job", only_job(t), {"to": "a@b"})
        assert (letter.sent, case.incidents, job_count(t)) == ([("a@b", 1)], [], 0)
        assert lines(t, case, "retried")[0][2]["arguments"]["after"] == {"to": "a@b"}


def test_the_retry_of_a_case_takes_up_what_was_set_aside_too(database_url: str) -> None:
    letter = Letter()
    broken = [True]

    def aside() -> None:
        if broken.pop() if broken else False:
            raise OSError("not now")

    def work(call: Call) -> None:
        call.enqueue("aside")

    services = {
        "work": work,
        "letter": letter.declared(),
        "aside": service_task("aside", title="旁", effect="external", attempts=1)(aside),
    }
    with ProcessTest(
        [one(start(), service("s"), user("u"), "start > s > u")], services=services, database_url=database_url
    ) as t:
        case = t.start("p")
        assert len(case.incidents) == 1
        t.retry(case)
        assert (case.incidents, job_count(t)) == ([], 0)


# Doing without


def test_a_skipped_service_task_completes_with_the_given_result(database_url: str) -> None:
    with letters(Letter(), database_url) as t:
        case = t.start("p", {"address": "nowhere"})
        failed = only_job(t)
        t.restart()
        give(t, "skip_job", failed, "已电话通知", {"by": "phone"})
        assert case.data["answer"] == {"by": "phone"}
        assert (case.status, case.incidents, case.trace) == ("completed", [], ["start", "s", "on"])
        assert job_count(t) == 0
        expected = {"job": failed, "reason": "已电话通知", "result": {"by": "phone"}}
        assert lines(t, case, "skipped") == [("s", "admin", expected)]


def test_a_skipped_service_task_without_a_result_gives_none() -> None:
    with ProcessTest([MODEL], services={"letter": Letter().declared()}) as t:
        case = t.start("p", {"address": "nowhere"})
        t.skip(case, "不需要")
        assert case.data["answer"] is None
        assert case.status == "completed"


def test_skipping_leaves_the_job_s_border_as_any_completion_does() -> None:
    model = one(
        start(),
        service("s", "letter", "", to="address"),
        boundary("b", "s", timer("PT1H")),
        boundary("e", "s", error("E")),
        task("on"),
        task("late"),
        "start > s > on",
        "b > late",
        "e > late",
    )
    with ProcessTest([model], services={"letter": Letter().declared()}) as t:
        case = t.start("p", {"address": "nowhere"})
        t.skip(case, "不需要", element_id="s")
        assert (case.trace, job_count(t)) == (["start", "s", "on"], 0)


def test_a_job_that_waits_for_its_next_attempt_can_be_skipped() -> None:
    with ProcessTest([MODEL], services={"letter": Letter().declared(attempts=5)}) as t:
        case = t.start("p", {"address": "nowhere"})
        assert case.waiting == ["s"]
        t.skip(case, "不需要")
        assert case.status == "completed"


def test_a_skipped_timer_fires_now(database_url: str) -> None:
    with ProcessTest(
        [one(start(), catch("w", timer("P30D")), user("u"), "start > w > u")], database_url=database_url
    ) as t:
        case = t.start("p")
        t.skip(case, "提前办理")
        assert (case.trace, case.waiting, job_count(t)) == (["start", "w"], ["u"], 0)
        assert [line[2]["reason"] for line in lines(t, case, "skipped")] == ["提前办理"]


def test_a_skipped_start_is_left_out_and_its_cycle_goes_on() -> None:
    with ProcessTest([one(start("s", timer(cycle="R/PT1H")), user("u"), "s > u")]) as t:
        t.clock.advance(timedelta(hours=1))
        give_at = only_job(t)
        with t.engine.command(t.session, actor="admin") as command:
            command.skip_job(give_at, "放假")
        t.advance(minutes=59)
        assert t.cases() == []
        t.advance(minutes=1)
        assert len(t.cases()) == 1


def test_a_skipped_delivery_is_dropped_with_a_line_and_its_incident_is_closed(database_url: str) -> None:
    def work(call: Call) -> None:
        call.enqueue("letter", to="nowhere")

    services = {"work": work, "letter": Letter().declared()}
    with ProcessTest([one(start(), service("s"), "start > s")], services=services, database_url=database_url) as t:
        case = t.start("p")
        t.skip(case, "地址已失效")
        assert (case.incidents, job_count(t)) == ([], 0)
        assert [line[2]["reason"] for line in lines(t, case, "skipped")] == ["地址已失效"]
        resolved = t.read(lambda session: session.scalars(select(Incident.resolved_at)).one())
        assert resolved is not None


def test_a_thrown_message_that_is_skipped_reaches_nobody() -> None:
    with ProcessTest([one(start(), throw("t", message("M")), end(), "start > t > end")]) as t:
        with t.engine.command(t.session) as command:
            command.start("p")
        give(t, "skip_job", only_job(t), "误发")
        [case] = t.cases()
        assert lines(t, case, "unheard") == []
        assert [line[0] for line in lines(t, case, "skipped")] == ["t"]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_skipping_needs_a_reason(reason: str) -> None:
    with ProcessTest([MODEL], services={"letter": Letter().declared()}) as t:
        case = t.start("p", {"address": "nowhere"})
        with pytest.raises(CommandRefused, match="原因"):
            t.skip(case, reason)
        assert case.status == "failed"


def test_only_a_service_task_is_given_a_result_and_only_one_that_can_be_stored() -> None:
    with ProcessTest([one(start(), catch("w", timer("PT1H")), "start > w")]) as t:
        case = t.start("p")
        with pytest.raises(CommandRefused) as refused:
            t.skip(case, "提前", 5)
        assert refused.value.code == "result_unwanted"
    with ProcessTest([MODEL], services={"letter": Letter().declared()}) as t:
        case = t.start("p", {"address": "nowhere"})
        with pytest.raises(CommandRefused) as refused:
            t.skip(case, "不需要", object())
        assert refused.value.code == "value_refused"
        assert case.status == "failed"


def test_the_version_of_a_case_is_that_of_its_job_s_service_still() -> None:
    """A job outlives a new version of its process: it belongs to its case."""
    letter = Letter()
    with ProcessTest([MODEL], services={"letter": letter.declared()}) as t:
        case = t.start("p", {"address": "nowhere"})
        t.deploy([one(start(), user("other"), "start > other")])
        assert t.read(lambda session: session.scalar(select(func.count(Definition.id)))) == 2
        give(t, "retry_job", only_job(t), {"to": "a@b"})
        assert case.status == "completed"
