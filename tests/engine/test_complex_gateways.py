"""Complex gateways, and activities that take or give several tokens (BPMN 2.0 §13.4.5, §13.3.2)."""

from __future__ import annotations

import pytest

from engine.testing import ProcessTest
from tests.engine.models import (
    Node,
    both,
    boundary,
    end,
    one,
    script,
    start,
    sub,
    task,
    timer,
    user,
)
from tests.engine.refused import codes

# Complex gateways


def discriminator(condition: str = "activationCount >= 2") -> Node:
    return Node("complexGateway", {"id": "j"}, [Node("activationCondition", {}, [condition])])


def two_of_three(*flows: str, condition: str = "activationCount >= 2") -> bytes:
    branches = ["f > a > j", "f > b > j", "f > c > j"]
    return one(
        start(), both("f"), user("a"), user("b"), user("c"), discriminator(condition), user("on"), end(), "start > f",
        *branches, *(flows or ("j > on > end",)),
    )  # fmt: skip


def test_a_complex_gateway_goes_on_when_its_condition_holds_and_swallows_the_rest() -> None:
    with ProcessTest([two_of_three()]) as t:
        case = t.start("p")
        t.complete("a")
        assert sorted(case.waiting) == ["b", "c"]
        t.restart()
        t.complete("c")
        assert sorted(case.waiting) == ["b", "on"]
        t.complete("b")
        t.restart()
        assert case.waiting == ["on"]
        t.complete("on")
        assert case.status == "completed"
        assert case.trace.count("j") == case.trace.count("on") == 1


def test_a_complex_gateway_does_not_wait_for_what_can_come_no_more() -> None:
    inner = sub("s", start("i"), user("slow"), "i > slow")
    model = one(
        start(), both("f"), task("a"), inner, boundary("late", "s", timer("PT1H")),
        discriminator("activationCount >= 1"), task("on"), end("gave_up"),
        "start > f > a > j > on", "f > s > j", "late > gave_up",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.trace[-2:] == ["j", "on"]
        assert case.waiting == ["slow"]
        t.advance(hours=1)
        assert case.status == "completed"


def test_a_complex_gateway_tells_its_flows_whether_it_begins_anew() -> None:
    flows = ("j > on if waitingForStart", "j > end if not waitingForStart")
    with ProcessTest([two_of_three(*flows)]) as t:
        case = t.start("p")
        for element in ("a", "b"):
            t.complete(element)
        assert "end" not in case.trace
        t.complete("c")
        assert case.trace[-1] == "end"
        t.complete("on")
        assert case.status == "completed"


def test_a_complex_gateway_serves_round_after_round() -> None:
    model = one(
        start(), both("f"), task("a"), task("b"), task("c"), discriminator(), script("count", "n = n + 1"),
        Node("exclusiveGateway", {"id": "x"}), end(), "start > x > f", "f > a > j", "f > b > j", "f > c > j",
        "j > count > again", Node("exclusiveGateway", {"id": "again"}), "again > x if n < 5", "again > end else",
    )  # fmt: skip
    with ProcessTest([model]) as t:
        case = t.start("p", {"n": 0})
        assert case.status == "completed"
        assert case.data == {"n": 5}


def test_a_complex_gateway_whose_condition_never_holds_is_an_incident() -> None:
    with ProcessTest([two_of_three(condition="activationCount > 3")]) as t:
        case = t.start("p")
        for element in ("a", "b", "c"):
            t.complete(element)
        assert [(i.element_id, i.code) for i in case.incidents] == [("j", "stuck")]


def test_a_condition_that_cannot_be_evaluated_is_an_incident_at_the_gateway() -> None:
    with ProcessTest([two_of_three(condition="activationCount >= need")]) as t:
        case = t.start("p")
        t.complete("a")
        assert [i.element_id for i in case.incidents] == ["j"]
        t.complete("b")
        t.retry(case, {"need": 2})
        assert sorted(case.waiting) == ["c", "on"]


def test_a_complex_gateway_that_joins_needs_a_condition() -> None:
    bare = Node("complexGateway", {"id": "j"})
    model = one(
        start(), both("f"), task("a"), task("b"), bare, task("on"), "start > f", "f > a > j", "f > b > j", "j > on"
    )
    assert codes(model) == [("j", "activation_missing")]


# Quantities


def test_an_activity_waits_for_as_many_tokens_as_it_asks_for() -> None:
    model = one(
        start(),
        both("f"),
        user("a"),
        user("b"),
        task("pair", startQuantity="2"),
        "start > f",
        "f > a > pair",
        "f > b > pair",
    )
    with ProcessTest([model]) as t:
        case = t.start("p")
        t.complete("a")
        assert case.waiting == ["b"]
        t.restart()
        t.complete("b")
        assert case.trace.count("pair") == 1
        assert case.status == "completed"


def test_an_activity_gives_as_many_tokens_as_it_says() -> None:
    model = one(start(), task("a", completionQuantity="3"), user("b"), "start > a > b")
    with ProcessTest([model]) as t:
        case = t.start("p")
        assert case.waiting == ["b", "b", "b"]


def test_too_few_tokens_are_an_incident() -> None:
    model = one(start(), task("pair", startQuantity="2"), "start > pair")
    with ProcessTest([model]) as t:
        assert [(i.element_id, i.code) for i in t.start("p").incidents] == [("pair", "stuck")]


@pytest.mark.parametrize("value", ["0", "-1", "two", "1001"])
def test_a_quantity_is_a_number_within_bounds(value: str) -> None:
    assert codes(one(start(), task("a", startQuantity=value), "start > a")) == [("a", "unsupported_attribute")]
