"""The diagrams are for people: complete, named, in tidy lanes, no line drawn through anything."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from tests.processes.drawing import Drawing

DIAGRAMS = sorted((Path(__file__).parents[2] / "processes").glob("*.bpmn"))
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(params=DIAGRAMS, ids=lambda path: path.stem)
def drawing(request: pytest.FixtureRequest) -> Drawing:
    return Drawing(request.param)


def test_every_id_is_english_snake_case_and_used_once(drawing: Drawing) -> None:
    assert [name for name in drawing.ids if not SNAKE_CASE.fullmatch(name)] == []
    assert len(drawing.ids) == len(set(drawing.ids))


def test_no_two_diagrams_share_a_node_id_so_that_a_trace_tells_them_apart() -> None:
    nodes = [node for path in DIAGRAMS for node in Drawing(path).nodes]
    assert len(nodes) == len(set(nodes))


def test_every_node_has_a_chinese_name_but_the_gateways_that_only_join(drawing: Drawing) -> None:
    joining = {node.id for node in drawing.nodes.values() if "Gateway" in node.kind and len(node.outgoing) == 1}
    unnamed = {node.id for node in drawing.nodes.values() if not CHINESE.search(node.name)}
    assert unnamed <= joining


def test_a_gateway_asks_a_question_and_its_flows_are_the_answers(drawing: Drawing) -> None:
    for node in drawing.nodes.values():
        if "Gateway" in node.kind and len(node.outgoing) > 1:
            assert node.name.endswith("？"), node.id
            assert all(drawing.flows[flow].name for flow in node.outgoing), node.id


def test_names_of_tasks_are_short(drawing: Drawing) -> None:
    long = [node.name for node in drawing.nodes.values() if "Task" in node.kind and len(node.name) > 10]
    assert long == []


def test_every_node_and_flow_is_drawn(drawing: Drawing) -> None:
    assert drawing.nodes.keys() <= drawing.boxes.keys()
    assert drawing.flows.keys() == drawing.lines.keys()


def test_every_node_stands_in_one_lane_and_is_drawn_inside_it(drawing: Drawing) -> None:
    for node in drawing.nodes.values():
        around = node.lanes if node.parent is None else [node.parent]
        assert len(around) == 1, node.id
        assert drawing.boxes[around[0]].contains(drawing.boxes[node.id]), node.id


def test_lanes_fill_the_pool_from_top_to_bottom(drawing: Drawing) -> None:
    boxes = [drawing.boxes[lane] for lane in drawing.lanes]
    assert all(upper.bottom == lower.y for upper, lower in pairwise(boxes))
    assert len({(box.x, box.width) for box in boxes}) == 1


def test_nodes_name_the_flows_that_enter_and_leave_them(drawing: Drawing) -> None:
    for node in drawing.nodes.values():
        assert sorted(node.incoming) == sorted(f.id for f in drawing.flows.values() if f.target == node.id)
        assert sorted(node.outgoing) == sorted(f.id for f in drawing.flows.values() if f.source == node.id)


def test_no_two_nodes_overlap_but_an_event_and_the_task_whose_border_it_sits_on(drawing: Drawing) -> None:
    for one, other in combinations(drawing.nodes.values(), 2):
        if one.host != other.id and other.host != one.id and not drawing.is_around(one, other):
            assert not drawing.boxes[one.id].overlaps(drawing.boxes[other.id]), (one.id, other.id)


def test_no_label_lies_on_a_node_or_on_another_label(drawing: Drawing) -> None:
    for labelled, label in drawing.labels.items():
        for node in drawing.nodes:
            # A gateway's square is larger than its diamond: its own label may stand in the corner.
            if node != labelled and node not in drawing.surroundings(labelled):
                assert not label.overlaps(drawing.boxes[node]), (labelled, node)
        for other, place in drawing.labels.items():
            assert other == labelled or not label.overlaps(place), (labelled, other)


def test_flows_begin_and_end_on_the_border_of_what_they_join(drawing: Drawing) -> None:
    for flow in drawing.flows.values():
        line = drawing.lines[flow.id]
        for node, point in ((flow.source, line[0]), (flow.target, line[-1])):
            box, kind = drawing.boxes[node], drawing.nodes[node].kind
            if kind.endswith(("Gateway", "Event")):
                assert point in box.middles, (flow.id, node)
            else:
                assert box.touches(point), (flow.id, node)


def test_flows_run_at_right_angles_with_three_bends_at_most(drawing: Drawing) -> None:
    for flow, line in drawing.lines.items():
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(line)), flow
        assert len(line) <= 5, flow


def test_no_flow_runs_through_a_node_or_a_label(drawing: Drawing) -> None:
    for flow in drawing.flows.values():
        for start, end in pairwise(drawing.lines[flow.id]):
            for node in drawing.nodes.keys() - drawing.surroundings(flow.source):
                assert not drawing.boxes[node].crossed_by(start, end), (flow.id, node)
            for labelled, label in drawing.labels.items():
                assert not label.crossed_by(start, end), (flow.id, labelled)
