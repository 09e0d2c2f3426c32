"""Messages and signals: between cases, from outside, too early, never (design §7)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

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
