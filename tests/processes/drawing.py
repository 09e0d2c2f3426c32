"""A diagram as it is drawn: its nodes, flows, lanes and labels with their places, read from BPMN DI."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"

NODES = ("Task", "Event", "Gateway", "callActivity", "subProcess")

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle, y growing downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middles(self) -> set[Point]:
        """The middles of the four sides: where a gateway or an event is touched."""
        x, y = self.x + self.width / 2, self.y + self.height / 2
        return {(x, self.y), (x, self.bottom), (self.x, y), (self.right, y)}

    def overlaps(self, other: Box) -> bool:
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def contains(self, other: Box) -> bool:
        return self.x <= other.x and other.right <= self.right and self.y <= other.y and other.bottom <= self.bottom

    def touches(self, point: Point) -> bool:
        """Whether the point lies on the border."""
        x, y = point
        on_side = x in (self.x, self.right) and self.y <= y <= self.bottom
        return on_side or (y in (self.y, self.bottom) and self.x <= x <= self.right)

    def crossed_by(self, start: Point, end: Point) -> bool:
        """Whether an upright or level line runs through the inside."""
        (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
        return self.overlaps(Box(left, top, right - left, bottom - top))


@dataclass
class Node:
    """A flow node; `host` is the id of the activity whose border an event sits on, `parent` that of the sub-process
    around it."""

    id: str
    kind: str
    name: str
    incoming: list[str]
    outgoing: list[str]
    host: str | None
    parent: str | None
    lanes: list[str] = field(default_factory=list)


@dataclass
class Flow:
    id: str
    name: str
    source: str
    target: str


class Drawing:
    """One .bpmn file with one process in one pool."""

    def __init__(self, path: Path) -> None:
        self.root = etree.parse(path).getroot()
        process = self.root.find(f"{BPMN}process")
        assert process is not None
        self.nodes = {
            element.get("id", ""): Node(
                element.get("id", ""),
                _tag(element),
                element.get("name", ""),
                [child.text or "" for child in element.iterchildren(f"{BPMN}incoming")],
                [child.text or "" for child in element.iterchildren(f"{BPMN}outgoing")],
                element.get("attachedToRef"),
                _parent(element),
            )
            for element in process.iterdescendants()
            if isinstance(element.tag, str) and element.tag.startswith(BPMN) and _tag(element).endswith(NODES)
        }
        self.flows = {
            flow.get("id", ""): Flow(
                flow.get("id", ""),
                flow.get("name", ""),
                flow.get("sourceRef", ""),
                flow.get("targetRef", ""),
            )
            for flow in process.iter(f"{BPMN}sequenceFlow")
        }
        self.lanes: list[str] = []
        for lane in process.iter(f"{BPMN}lane"):
            self.lanes.append(lane.get("id", ""))
            for reference in lane.iterchildren(f"{BPMN}flowNodeRef"):
                self.nodes[reference.text or ""].lanes.append(lane.get("id", ""))
        self.boxes: dict[str, Box] = {}
        self.labels: dict[str, Box] = {}
        self.lines: dict[str, list[Point]] = {}
        for drawn in self.root.iter(f"{BPMNDI}BPMNShape", f"{BPMNDI}BPMNEdge"):
            element_id = drawn.get("bpmnElement", "")
            bounds = drawn.find(f"{DC}Bounds")
            if bounds is not None:
                self.boxes[element_id] = _box(bounds)
            else:
                self.lines[element_id] = [
                    (_number(point, "x"), _number(point, "y")) for point in drawn.iter(f"{DI}waypoint")
                ]
            label = drawn.find(f"{BPMNDI}BPMNLabel/{DC}Bounds")
            if label is not None:
                self.labels[element_id] = _box(label)

    def surroundings(self, node_or_flow: str) -> set[str]:
        """The sub-processes around a node or a flow, the outermost last."""
        flow = self.flows.get(node_or_flow)
        node = self.nodes.get(flow.source if flow is not None else node_or_flow)
        found: set[str] = set()
        while node is not None and node.parent is not None:
            found.add(node.parent)
            node = self.nodes[node.parent]
        return found

    def is_around(self, one: Node, other: Node) -> bool:
        """Whether one of two nodes is a sub-process around the other, or around what the other sits on."""
        return one.id in self.surroundings(other.id) or other.id in self.surroundings(one.id)

    @property
    def ids(self) -> list[str]:
        """Of BPMN elements and their shapes; an extension's `id` names a service or a parameter."""
        return [
            element.get("id", "")
            for element in self.root.iter()
            if element.get("id") and str(element.tag).startswith((BPMN, BPMNDI))
        ]


def _parent(element: etree._Element) -> str | None:
    parent = element.getparent()
    return parent.get("id") if parent is not None and _tag(parent) == "subProcess" else None


def _tag(element: etree._Element) -> str:
    return etree.QName(element).localname


def _number(element: etree._Element, name: str) -> float:
    return float(element.get(name, ""))


def _box(bounds: etree._Element) -> Box:
    return Box(*(_number(bounds, name) for name in ("x", "y", "width", "height")))
