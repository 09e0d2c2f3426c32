"""Messages and signals: between cases, from outside, too early, never (design §7)."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from engine import messages
from engine.commands import Command
from engine.deployments import Source
from engine.errors import CommandRefused
from engine.tables import BufferedMessage, History
from engine.testing import ProcessTest
from tests.engine.models import (
    both,
    catch,
    diagram,
    end,
    message,
    one,
    process,
    receive,
    script,
    send,
    service,
    signal,
    start,
    sub,
    task,
    throw,
    user,
)

BY_NAME = one(start(), catch("m", message("M")), task("on"), "start > m > on")
BY_ORDER = one(start(), catch("m", message("M", order="order_id")), task("on"), "start > m > on")


def test_a_message_goes_to_the_case_whose_key_it_carries() -> None:
    with ProcessTest([BY_ORDER]) as t:
        cases = [t.start("p", {"order_id": number}) for number in (1, 2, 3)]
        t.restart()
        t.message("M", correlation={"order_id": 2}, payload={"paid": True})
        assert [case.status for case in cases] == ["running", "completed", "running"]
        assert cases[1].data == {"order_id": 2, "paid": True}


def test_the_key_may_also_be_read_from_the_payload() -> None:
    with ProcessTest([BY_ORDER]) as t:
        case, other = t.start("p", {"order_id": 1}), t.start("p", {"order_id": 2})
        t.message("M", payload={"order_id": 2})
        assert (case.status, other.status) == ("running", "completed")


def test_the_key_is_what_the_variables_were_when_the_case_began_to_wait() -> None:
    model = one(start(), both("f"), catch("m", message("M", order="order_id")), user("u"), "start > f > m", "f > u")
    with ProcessTest([model]) as t:
        case = t.start("p", {"order_id": 1})
        t.complete("u", {"order_id": 5})
        with pytest.raises(CommandRefused):
            t.message("M", correlation={"order_id": 5})
        t.message("M", correlation={"order_id": 1})
        assert case.status == "completed"


def test_a_key_of_several_properties_must_match_in_each() -> None:
    model = one(start(), catch("m", message("M", a="order.id", b="business_key")), "start > m")
    with ProcessTest([model]) as t:
        case = t.start("p", {"order": {"id": 7}}, business_key="K")
        with pytest.raises(CommandRefused):
            t.message("M", correlation={"order": {"id": 7}})
        with pytest.raises(CommandRefused):
            t.message("M", correlation={"order": {"id": 7}, "business_key": "L"})
        t.message("M", correlation={"order": {"id": 7}, "business_key": "K"})
        assert case.status == "completed"


def test_a_key_that_cannot_be_read_is_an_incident_where_the_case_would_wait() -> None:
    with ProcessTest([BY_ORDER]) as t:
        case = t.start("p")
        assert [i.element_id for i in case.incidents] == ["m"]
        t.retry(case, data={"order_id": 1})
        t.message("M", correlation={"order_id": 1})
        assert case.status == "completed"


def test_without_keys_a_message_goes_by_name_to_the_case_that_waits_longest() -> None:
    with ProcessTest([BY_NAME]) as t:
        cases = [t.start("p") for _ in range(3)]
        t.restart()
        t.message("M", correlation={"whatever": 1})
        t.message("M")
        assert [case.status for case in cases] == ["completed", "completed", "running"]


def test_a_message_for_one_business_key_never_reaches_a_case_of_another() -> None:
    with ProcessTest([BY_NAME]) as t:
        case, other = t.start("p", business_key="A"), t.start("p", business_key="B")
        t.message("M", correlation={"business_key": "B"})
        assert (case.status, other.status) == ("running", "completed")
        with pytest.raises(CommandRefused):
            t.message("M", correlation={"business_key": "C"})


def test_a_message_nobody_waits_for_is_refused() -> None:
    with ProcessTest([BY_NAME]) as t:
        with pytest.raises(CommandRefused) as refused:
            t.message("M")
        assert refused.value.code == "message_unheard"
        t.start("p")
        with pytest.raises(CommandRefused):
            t.message("N")


@pytest.mark.parametrize(("model", "data"), [(BY_NAME, {}), (BY_ORDER, {"order_id": 2})])
def test_a_message_that_comes_too_early_is_kept_while_its_time_to_live_lasts(
    model: bytes, data: dict[str, int]
) -> None:
    with ProcessTest([model]) as t:
        t.message("M", correlation={"order_id": 2}, payload={"x": 1}, ttl=timedelta(hours=1))
        t.restart()
        other = t.start("p", {"order_id": 1}) if data else None
        case = t.start("p", data)
        assert case.status == "completed"
        assert case.trace == ["start", "m", "on"]
        assert case.data["x"] == 1
        assert other is None or other.waiting == ["m"]
        assert t.read(lambda session: session.scalar(select(func.count(BufferedMessage.id)))) == 0


def test_kept_messages_are_taken_once_each_in_the_order_they_came() -> None:
    model = one(
        start(),
        catch("m", message("M")),
        catch("n", message("M")),
        script("s", "seen = seen + [x]"),
        "start > m > n > s",
    )
    with ProcessTest([model]) as t:
        for x in (1, 2, 3):
            t.message("M", payload={"x": x}, ttl=timedelta(hours=1))
        case = t.start("p", {"seen": []})
        assert case.status == "completed"
        assert case.data["seen"] == [2]
        assert t.read(lambda session: session.scalar(select(func.count(BufferedMessage.id)))) == 1


def test_a_kept_message_expires() -> None:
    with ProcessTest([BY_NAME]) as t:
        t.message("M", ttl=timedelta(hours=1))
        t.advance(hours=2)
        case = t.start("p")
        assert case.waiting == ["m"]
        t.message("M")
        t.message("M", ttl=timedelta(hours=1))
        assert t.read(lambda session: session.scalar(select(func.count(BufferedMessage.id)))) == 1


def test_a_message_that_starts_a_process_gives_the_business_key_that_its_property_reads() -> None:
    with ProcessTest([one(start("s", message("M", business_key="order.id")), user("u"), "s > u")]) as t:
        t.message("M", correlation={"order": {"id": 7}})
        [case] = t.cases("p")
        assert case.business_key == "7"


def test_a_message_starts_a_process_and_what_it_carries_are_its_variables() -> None:
    with ProcessTest([one(start("s", message("M")), user("u"), "s > u")]) as t:
        t.restart()
        t.message("M", correlation={"business_key": "F1"}, payload={"x": 1})
        [case] = t.cases("p")
        assert case.business_key == "F1"
        assert case.data["x"] == 1
        assert case.trace == ["s"]
        with pytest.raises(CommandRefused):
            t.start("p")


def test_finding_the_receiver_costs_the_same_however_many_wait_for_a_message_of_that_name() -> None:
    def cost(t: ProcessTest) -> int:
        """How much SQLite computes to find who waits for order 1, in hundreds of its instructions."""
        hundreds: list[None] = []
        raw = cast(sqlite3.Connection, t.session.connection().connection.driver_connection)
        with t.engine.command(t.session) as command:
            offer = messages.Offer("M", {"order_id": 1})
            raw.set_progress_handler(lambda: hundreds.append(None), 100)
            found = list(messages.receivers(t.session, offer, command._compiled, {}))
            raw.set_progress_handler(None, 0)
        assert len(found) == 1
        return len(hundreds)

    with ProcessTest([BY_ORDER]) as t:
        for number in range(3):
            t.start("p", {"order_id": number})
        of_three = cost(t)
        for number in range(3, 300):
            t.start("p", {"order_id": number})
        assert cost(t) <= of_three + 2


def test_a_case_begun_by_another_case_s_message_has_the_business_key_that_the_message_carries() -> None:
    begun = process("q", start("s", message("M", business_key="business_key")), user("u"), "s > u")
    throws = process(
        "p", start("t"), throw("m", message("M", "{'business_key': 'F7'}", business_key="business_key")), "t > m"
    )
    with ProcessTest([diagram(begun, throws)]) as t:
        t.start("p", business_key="F1")
        [case] = t.cases("q")
        assert case.business_key == "F7"


def test_a_message_start_may_keep_the_payload_in_one_variable() -> None:
    with ProcessTest([one(start("s", message("M", variable="what")), user("u"), "s > u")]) as t:
        t.message("M", payload={"x": 1})
        assert t.cases("p")[0].data == {"what": {"x": 1}}


def test_only_the_newest_version_is_started_by_its_message() -> None:
    with ProcessTest([one(start("s", message("M")), user("old"), "s > old")]) as t:
        t.deploy([one(start("s", message("M")), user("new"), "s > new")])
        t.message("M")
        assert [case.waiting for case in t.cases()] == [["new"]]


def test_a_message_for_a_waiting_case_starts_no_other() -> None:
    model = diagram(
        process("p", start("s", message("M")), user("u"), "s > u"), process("q", start("t"), receive("r", "M"), "t > r")
    )
    with ProcessTest([model]) as t:
        case = t.start("q")
        t.message("M")
        assert case.status == "completed"
        assert t.cases("p") == []


def test_a_message_thrown_in_a_case_reaches_its_own_receiver_whichever_comes_first() -> None:
    for order in ("f > t\nf > s > r", "f > s > r\nf > t"):
        model = one(
            start(),
            both("f"),
            send("t", "M", "{'x': 1}"),
            script("s", "y = 2"),
            receive("r", "M"),
            "start > f",
            *order.split("\n"),
        )
        with ProcessTest([model]) as t:
            case = t.start("p")
            assert case.status == "completed"
            assert case.data == {"x": 1, "y": 2}


def test_a_message_thrown_by_one_case_reaches_another_by_its_key() -> None:
    model = diagram(
        process("p", start(), throw("t", message("M", "{'order_id': n, 'paid': True}", order="order_id")), "start > t"),
        process("q", start("s"), catch("c", message("M", order="order_id")), "s > c"),
    )
    with ProcessTest([model]) as t:
        first, second = t.start("q", {"order_id": 1}), t.start("q", {"order_id": 2})
        t.restart()
        t.start("p", {"n": 2})
        assert (first.status, second.status) == ("running", "completed")
        assert second.data["paid"] is True


def test_a_thrown_message_without_payload_takes_its_key_from_the_thrower_s_variables() -> None:
    model = diagram(
        process("p", start(), throw("t", message("M", order="order_id")), "start > t"),
        process("q", start("s"), catch("c", message("M", order="order_id")), "s > c"),
    )
    with ProcessTest([model]) as t:
        first, second = t.start("q", {"order_id": 1}), t.start("q", {"order_id": 2})
        t.start("p", {"order_id": 2})
        assert (first.status, second.status) == ("running", "completed")


def test_a_thrown_message_starts_a_process() -> None:
    model = diagram(
        process("p", start(), end("t", message("M", "{'x': 1}")), "start > t"),
        process("q", start("s", message("M")), user("u"), "s > u"),
    )
    with ProcessTest([model]) as t:
        t.start("p")
        [case] = t.cases("q")
        assert case.waiting == ["u"]
        assert case.data == {"x": 1}


def test_a_thrown_message_nobody_takes_leaves_a_line_with_its_sender() -> None:
    with ProcessTest([one(start(), end("t", message("M")), "start > t")]) as t:
        case = t.start("p")
        assert case.status == "completed"
        lines = t.read(lambda session: session.scalars(select(History).where(History.action == "unheard")).all())
        assert [(line.instance_id, line.element_id, line.details) for line in lines] == [
            (case.id, "t", {"message": "M"})
        ]


def test_a_signal_from_outside_reaches_everybody_and_starts_what_it_starts() -> None:
    model = diagram(
        process("p", start(), sub("s", start("i"), catch("c", signal("S")), "i > c"), "start > s"),
        process("q", start("t", signal("S")), user("u"), "t > u"),
    )
    with ProcessTest([model]) as t:
        cases = [t.start("p") for _ in range(3)]
        t.restart()
        t.signal("S", payload={"x": 1})
        assert [case.status for case in cases] == ["completed"] * 3
        assert [case.data for case in cases] == [{"x": 1}] * 3
        assert [case.waiting for case in t.cases("q")] == [["u"]]


def test_a_thrown_signal_reaches_the_other_cases_but_its_own_only_once() -> None:
    model = diagram(
        process(
            "p",
            start(),
            both("f"),
            throw("t", signal("S")),
            catch("a", signal("S")),
            catch("b", signal("S")),
            "start > f > a > b",
            "f > t",
        ),
        process("q", start("s"), catch("c", signal("S")), "s > c"),
    )
    with ProcessTest([model]) as t:
        other = t.start("q")
        case = t.start("p")
        assert case.waiting == ["b"]
        assert other.status == "completed"


def test_what_comes_with_a_message_must_be_storable() -> None:
    with ProcessTest([BY_NAME]) as t:
        case = t.start("p")
        with pytest.raises(CommandRefused, match=r"x\[0\]"):
            t.message("M", payload={"x": [object()]})
        assert case.waiting == ["m"]


def test_a_very_long_key_is_matched_too() -> None:
    with ProcessTest([BY_ORDER]) as t:
        case, other = t.start("p", {"order_id": "a" * 3000}), t.start("p", {"order_id": "b" * 3000})
        t.message("M", correlation={"order_id": "b" * 3000})
        assert (case.status, other.status) == ("running", "completed")


# Kept messages


def test_a_kept_message_starts_a_process_that_is_deployed_later(database_url: str) -> None:
    with ProcessTest(database_url=database_url) as t:
        for x in (1, 2):
            t.message("M", correlation={"business_key": f"F{x}"}, payload={"x": x}, ttl=timedelta(hours=1))
        t.message("N", ttl=timedelta(hours=1))
        t.deploy([one(start("s", message("M")), user("u"), "s > u")])
        t.advance(seconds=0)
        assert [(case.business_key, case.data["x"], case.trace) for case in t.cases()] == [
            ("F1", 1, ["s"]),
            ("F2", 2, ["s"]),
        ]
        t.deploy([one(start("s", message("M")), user("v"), "s > v")])
        t.advance(seconds=0)
        assert len(t.cases()) == 2
        assert t.read(lambda session: session.scalars(select(BufferedMessage.name)).all()) == ["N"]


def test_a_message_whose_time_is_over_starts_nothing() -> None:
    with ProcessTest() as t:
        t.message("M", ttl=timedelta(hours=1))
        t.advance(hours=1)
        t.deploy([one(start("s", message("M")), user("u"), "s > u")])
        t.advance(seconds=0)
        assert t.cases() == []


def test_a_message_to_be_kept_and_a_process_being_deployed_never_miss_each_other(database_url: str) -> None:
    for _ in range(4):
        with ProcessTest(database_url=database_url) as t:
            content = one(start("s", message("M")), user("u"), "s > u", id=f"p{uuid.uuid4().hex[:8]}")
            known = len(t.cases())
            together(
                t,
                deploying(content),
                lambda command: command.message("M", ttl=timedelta(hours=1)),
            )
            t.advance(seconds=0)
            assert len(t.cases()) == known + 1


def test_each_kept_message_is_taken_by_one_of_the_cases_that_begin_at_the_same_time(database_url: str) -> None:
    with ProcessTest([BY_NAME], database_url=database_url) as t:
        for x in range(3):
            t.message("M", payload={"x": x}, ttl=timedelta(hours=1))
        together(t, *[lambda command: command.start("p")] * 6)
        taken = [case.data["x"] for case in t.cases() if case.status == "completed"]
        assert sorted(taken) == [0, 1, 2]
        assert [case.waiting for case in t.cases() if case.status == "running"] == [["m"]] * 3
        assert t.read(lambda session: session.scalar(select(func.count(BufferedMessage.id)))) == 0


def test_a_kept_message_that_expires_is_deleted_with_a_line_in_the_log_that_names_no_values(database_url: str) -> None:
    with ProcessTest([BY_NAME], database_url=database_url) as t:
        t.message("M", correlation={"phone": "19400000021"}, ttl=timedelta(hours=1))
        t.message("N", ttl=timedelta(hours=3))
        t.clock.advance(timedelta(hours=2))
        for expected in (1, 0):
            with capture_logs() as logged, t.engine.command(t.session) as command:
                assert messages.let_go(command.session, command.now) == expected
            assert [(line["message"], line["keys"]) for line in logged] == [("M", ["phone"])][:expected]
            assert "19400000021" not in str(logged)
        assert t.read(lambda session: session.scalars(select(BufferedMessage.name)).all()) == ["N"]


def test_messages_thrown_in_one_step_arrive_in_the_order_in_which_they_were_thrown() -> None:
    names = [f"t{n}" for n in range(8)]
    model = diagram(
        process(
            "p",
            start(),
            *(throw(name, message("M", "{'n': n}")) for name in names),
            *(script(f"n{name}", f"n = {name[1:]}") for name in names),
            "start > " + " > ".join(f"n{name} > {name}" for name in names),
        ),
        process("q", start("s", message("M")), user("u"), "s > u"),
    )
    with ProcessTest([model]) as t:
        t.start("p")
        assert [case.data["n"] for case in t.cases("q")] == list(range(8))


# Signals


@pytest.mark.parametrize("payload", ["5", "{'x': 5}"])
def test_what_comes_with_a_thrown_signal_is_the_same_for_everybody(payload: str) -> None:
    model = diagram(
        process("p", start(), throw("t", signal("S", payload)), "start > t"),
        process("q", start("s"), catch("c", signal("S", variable="got")), "s > c"),
        process("r", start("b", signal("S", variable="got")), user("u"), "b > u"),
    )
    with ProcessTest([model]) as t:
        case = t.start("q")
        t.start("p")
        expected = {"got": 5 if payload == "5" else {"x": 5}}
        assert case.data == expected
        assert [started.data for started in t.cases("r")] == [expected]


def test_a_service_that_refuses_after_a_signal_keeps_it_from_nobody_else() -> None:
    def work(picky: bool) -> None:
        if picky:
            raise CommandRefused("no", "不行")

    model = diagram(
        process("p", start(), catch("c", signal("S")), service("s", "work", "", picky="picky"), "start > c > s"),
        process("q", start("b", signal("S")), service("r", "work", "", picky="True"), "b > r"),
    )
    with ProcessTest([model], services={"work": work}) as t:
        cases = [t.start("p", {"picky": picky}) for picky in (False, True, False)]
        t.signal("S")
        assert [case.status for case in cases] == ["completed", "failed", "completed"]
        assert [i.message for i in cases[1].incidents] == ["不行"]
        assert [[i.element_id for i in case.incidents] for case in t.cases("q")] == [["r"]]


def test_a_refusal_after_a_message_is_told_to_whoever_sent_it_and_the_case_waits_on() -> None:
    def work() -> None:
        raise CommandRefused("no", "不行")

    model = one(start(), catch("m", message("M")), service("s"), "start > m > s")
    with ProcessTest([model], services={"work": work}) as t:
        case = t.start("p")
        with pytest.raises(CommandRefused, match="不行"):
            t.message("M")
        assert case.waiting == ["m"]


def deploying(content: bytes) -> Callable[[Command], Any]:
    return lambda command: command.deploy([Source("p.bpmn", content)])


def together(t: ProcessTest, *actions: Callable[[Command], Any]) -> None:
    """Give commands at the same moment, each in a thread and session of its own."""
    barrier = threading.Barrier(len(actions))

    def give(action: Callable[[Command], Any]) -> None:
        with Session(t.session.get_bind()) as session:
            barrier.wait()
            with t.engine.command(session) as command:
                action(command)

    with ThreadPoolExecutor(len(actions)) as pool:
        list(pool.map(give, actions))


def test_signals_that_set_each_other_off_end_as_an_incident() -> None:
    with ProcessTest([one(start("s", signal("S")), end("e", signal("S")), "s > e")]) as t:
        t.signal("S")
        t.advance(days=1)
        assert 100 <= len(t.cases()) <= 103
        assert [i.code for case in t.cases() for i in case.incidents] == ["thrown_in_circles"]
