"""Data objects and associations: what goes into an activity under which name, and where what it gives goes."""

from __future__ import annotations

import pytest

from engine.testing import ProcessTest
from tests.engine.models import Node, call, catch, diagram, each, message, one, process, script, start, sub, throw, user
from tests.engine.refused import codes

ORDER = [
    Node("dataObject", {"id": "order"}),
    Node("dataObjectReference", {"id": "order_ref", "dataObjectRef": "order"}),
]


def inputs(*names: str, tag: str = "dataInput") -> list[Node | str]:
    return [Node(tag, {"id": f"in_{name}" if tag == "dataInput" else f"out_{name}", "name": name}) for name in names]


def takes(source: str, name: str, *, by: str = "") -> list[Node]:
    """An activity's data input `name`, filled from a data object or variable, as it is or worked out."""
    ends: list[Node | str] = [Node("sourceRef", {}, [source]), Node("targetRef", {}, [f"in_{name}"])]
    if by:
        ends.append(Node("transformation", {}, [by]))
    specification = Node("ioSpecification", {}, inputs(name))
    return [specification, Node("dataInputAssociation", {}, ends)]


def gives(name: str, target: str) -> list[Node]:
    """An activity's data output `name`, which goes to a data object or variable."""
    ends: list[Node | str] = [Node("sourceRef", {}, [f"out_{name}"]), Node("targetRef", {}, [target])]
    return [Node("ioSpecification", {}, inputs(name, tag="dataOutput")), Node("dataOutputAssociation", {}, ends)]


def test_an_input_is_known_under_its_own_name_inside_and_only_there() -> None:
    model = one(start(), *ORDER, script("s", "total = parcel * 2", *takes("order_ref", "parcel")), "start > s")
    with ProcessTest([model]) as t:
        case = t.start("p", {"order": 21})
        assert case.data == {"order": 21, "total": 42}


def test_an_input_is_a_copy() -> None:
    model = one(start(), *ORDER, script("s", "parcel.append(3)", *takes("order_ref", "parcel")), "start > s")
    with ProcessTest([model]) as t:
        assert t.start("p", {"order": [1, 2]}).data == {"order": [1, 2]}


def test_a_transformation_works_the_input_out() -> None:
    model = one(start(), *ORDER, script("s", "n = total", *takes("order_ref", "total", by="sum(order)")), "start > s")
    with ProcessTest([model]) as t:
        assert t.start("p", {"order": [1, 2]}).data["n"] == 3


def test_an_assignment_copies_a_value_to_a_place() -> None:
    copied = Node("assignment", {}, [Node("from", {}, ["order.price"]), Node("to", {}, ["price"])])
    association = Node("dataInputAssociation", {}, [Node("targetRef", {}, ["price"]), copied])
    with ProcessTest([one(start(), script("s", "n = price + 1", association), "start > s")]) as t:
        assert t.start("p", {"order": {"price": 4}}).data == {"order": {"price": 4}, "n": 5}


def test_an_output_goes_where_its_association_leads_and_nowhere_else() -> None:
    model = one(start(), *ORDER, script("s", "parcel = 7", *gives("parcel", "order_ref")), "start > s")
    with ProcessTest([model]) as t:
        assert t.start("p").data == {"order": 7}


def test_what_a_person_gives_goes_through_the_output_and_survives_a_restart() -> None:
    model = one(start(), *ORDER, user("u", *gives("parcel", "order_ref")), "start > u")
    with ProcessTest([model]) as t:
        case = t.start("p", {"order": 1})
        t.restart()
        t.complete("u", {"parcel": 2, "beside": 3})
        assert case.data == {"order": 2, "beside": 3}


def test_an_output_that_was_not_set_changes_nothing() -> None:
    model = one(start(), *ORDER, user("u", *gives("parcel", "order_ref")), "start > u")
    with ProcessTest([model]) as t:
        case = t.start("p", {"order": 1})
        t.complete("u")
        assert case.data == {"order": 1}


def test_a_data_object_nobody_has_filled_has_no_value() -> None:
    model = one(start(), *ORDER, script("s", "empty = parcel is None", *takes("order_ref", "parcel")), "start > s")
    with ProcessTest([model]) as t:
        assert t.start("p").data == {"empty": True}


def test_a_sub_process_and_what_is_in_it_see_its_inputs() -> None:
    inner = sub("x", *takes("order_ref", "parcel"), start("i"), user("u"), script("s", "n = parcel"), "i > u > s")
    with ProcessTest([one(start(), *ORDER, inner, "start > x")]) as t:
        case = t.start("p", {"order": 5})
        t.restart()
        t.complete("u")
        assert case.data == {"order": 5, "n": 5}


def test_a_call_activity_is_given_what_its_associations_bring() -> None:
    takes_x = Node("ioSpecification", {}, [Node("dataInput", {"id": "x"}), Node("dataOutput", {"id": "y"})])
    called = process("q", takes_x, start("i"), script("s", "y = x * 2"), "i > s")
    mapped = Node(
        "ioSpecification",
        {},
        [Node("dataInput", {"id": "in_x", "name": "x"}), Node("dataOutput", {"id": "out_y", "name": "y"})],
    )
    fill = Node("dataInputAssociation", {}, [Node("sourceRef", {}, ["amount"]), Node("targetRef", {}, ["in_x"])])
    keep = Node("dataOutputAssociation", {}, [Node("sourceRef", {}, ["out_y"]), Node("targetRef", {}, ["doubled"])])
    model = diagram(process("p", start(), call("c", "q", mapped, fill, keep), "start > c"), called)
    with ProcessTest([model]) as t:
        case = t.start("p", {"amount": 4})
        assert case.data == {"amount": 4, "doubled": 8}
        assert case.incidents == []


@pytest.mark.parametrize("sequential", [True, False])
def test_a_multi_instance_runs_over_a_data_input(sequential: bool) -> None:
    items = each("in_lines", "line", sequential=sequential, out="out_sums", out_item="n")
    specification = Node(
        "ioSpecification", {}, [Node("dataInput", {"id": "in_lines"}), Node("dataOutput", {"id": "out_sums"})]
    )
    fill = Node("dataInputAssociation", {}, [Node("sourceRef", {}, ["order_ref"]), Node("targetRef", {}, ["in_lines"])])
    keep = Node("dataOutputAssociation", {}, [Node("sourceRef", {}, ["out_sums"]), Node("targetRef", {}, ["sums"])])
    body = user("u", specification, fill, keep, items)
    with ProcessTest([one(start(), *ORDER, body, "start > u")]) as t:
        case = t.start("p", {"order": ["a", "b"]})
        t.complete("u", {"n": 1})
        t.restart()
        t.complete("u", {"n": 2})
        assert case.data == {"order": ["a", "b"], "sums": [1, 2]}


def test_an_event_keeps_what_it_caught_where_its_association_leads() -> None:
    event = catch("c", message("M"))
    event.body += [
        Node("dataOutput", {"id": "out"}),
        Node("dataOutputAssociation", {}, [Node("sourceRef", {}, ["out"]), Node("targetRef", {}, ["order_ref"])]),
    ]
    with ProcessTest([one(start(), *ORDER, event, "start > c")]) as t:
        case = t.start("p")
        t.message("M", payload={"n": 1})
        assert case.data == {"order": {"n": 1}}


def test_an_event_throws_what_its_association_brings() -> None:
    event = throw("t", message("M"))
    event.body += [
        Node("dataInput", {"id": "in"}),
        Node("dataInputAssociation", {}, [Node("sourceRef", {}, ["order_ref"]), Node("targetRef", {}, ["in"])]),
    ]
    receiver = process("q", start("s", message("M")), user("u"), "s > u")
    with ProcessTest([diagram(process("p", start(), *ORDER, event, "start > t"), receiver)]) as t:
        t.start("p", {"order": {"n": 1}})
        [received] = t.cases("q")
        assert received.data == {"n": 1}


def test_what_is_merely_drawn_says_nothing() -> None:
    drawn = [
        Node("property", {"id": "Property_1", "name": "__targetRef_placeholder"}),
        Node("dataInputAssociation", {}, [Node("sourceRef", {}, ["order_ref"]), Node("targetRef", {}, ["Property_1"])]),
        Node("dataOutputAssociation", {}, [Node("targetRef", {}, ["store_ref"])]),
    ]
    store = Node("dataStoreReference", {"id": "store_ref"})
    with ProcessTest([one(start(), *ORDER, store, script("s", "order = 2", *drawn), "start > s")]) as t:
        assert t.start("p", {"order": 1}).data == {"order": 2}


def test_an_association_with_several_sources_must_say_what_they_make() -> None:
    ends: list[Node | str] = [*(Node("sourceRef", {}, [n]) for n in ("a", "b")), Node("targetRef", {}, ["in_x"])]
    specification = Node("ioSpecification", {}, inputs("x"))
    model = one(start(), script("s", "y = x", specification, Node("dataInputAssociation", {}, ends)), "start > s")
    assert codes(model) == [("s", "association_sources")]
