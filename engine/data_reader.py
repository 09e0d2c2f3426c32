"""Data in a diagram: what goes into an activity under which name, and where what it gives goes (BPMN 2.0 §10.3.2).

A data object is the variable of its id. An association that keeps the name says nothing: there is one store.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.allowed import BPMN
from engine.expressions import Expression
from engine.model import Mapping
from engine.reading import Reading
from engine.xml import Element

_ITEMS = (
    "dataObject",
    "dataObjectReference",
    "dataStoreReference",
    "dataInput",
    "dataOutput",
    "property",
    "inputDataItem",
    "outputDataItem",
)
"""Elements that data comes from and goes to."""


class DataReader:
    """Reads `ioSpecification`, data associations and references to data."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        objects = reading.root.iter(f"{{{BPMN}}}dataObjectReference")
        self._objects = {item.get("id"): reading.reference(item.get("dataObjectRef")) for item in objects}
        self._known = {item.get("id") for tag in _ITEMS for item in reading.root.iter(f"{{{BPMN}}}{tag}")}
        self._stores = {item.get("id") for item in reading.root.iter(f"{{{BPMN}}}dataStoreReference")}

    def io_names(self, specification: Element, tag: str) -> tuple[str, ...] | None:
        """The variables of a process's `dataInput`s or `dataOutput`s; None where it has none."""
        items = self.reading.children(specification, tag)
        return tuple(name for item in items if (name := item.get("id") or item.get("name"))) or None

    def name(self, reference: str | None) -> str | None:
        """The variable behind a data reference: a data object reference stands for its data object."""
        if not reference:
            return None
        local = self.reading.reference(reference)
        return self._objects.get(local) or local

    def inputs(self, element: Element) -> tuple[Mapping, ...]:
        """What is copied when an activity begins: each value under the names its data input has."""
        associations = self.reading.children(element, "dataInputAssociation")
        inner = self._inner(element, "dataInput") if associations else {}
        own = {*inner, *self._properties(element)}
        found: list[Mapping] = []
        for association in associations:
            self._check_ends(association, element, inside="targetRef", own=own)
            for source, value, target in self._copies(association, element):
                names = inner.get(target, (target,))
                if value is not None:
                    found.append(Mapping(names, value=value))
                elif target in inner and source is not None and source not in names:
                    found.append(Mapping(names, value=Expression.of_variable(source)))
        return tuple(found)

    def outputs(self, element: Element) -> tuple[Mapping, ...]:
        """What is copied when an activity completes: from one of the names its data output has, to a variable."""
        associations = self.reading.children(element, "dataOutputAssociation")
        inner = self._inner(element, "dataOutput") if associations else {}
        own = {*inner, *self._properties(element)}
        found: list[Mapping] = []
        for association in associations:
            self._check_ends(association, element, inside="sourceRef", own=own)
            for source, value, target in self._copies(association, element):
                outer = self.name(target) or target
                names = inner.get(source or "", ())
                if value is not None or (names and outer not in names):
                    found.append(Mapping(names, outer, value))
        return tuple(found)

    def _properties(self, element: Element) -> list[str]:
        """What modelers put in the place of data inputs and outputs."""
        return [item.get("id") or "" for item in self.reading.children(element, "property")]

    def _check_ends(self, association: Element, element: Element, *, inside: str, own: set[str]) -> None:
        """Report what an association leads from or to that is not there. Outside of the element it may be a variable
        that nothing is drawn for: that is warned of."""
        is_assignment = association.find(f"{{{BPMN}}}assignment") is not None  # whose own `to` says where
        for end in ("sourceRef", "targetRef"):
            for child in self.reading.children(association, end):
                reference = self.reading.reference(child.text)
                if reference and end == inside and reference not in own and not is_assignment:
                    self.reading.report("reference_unknown", element, attribute=end, reference=reference)
                elif reference and end != inside and reference not in self._known:
                    self.reading.report(
                        "data_not_drawn", element, severity="warning", attribute=end, reference=reference
                    )
                elif (drawn := self._objects.get(reference)) and drawn not in self._known:
                    self.reading.report("reference_unknown", element, attribute="dataObjectRef", reference=drawn)

    def _copies(self, association: Element, element: Element) -> Iterator[tuple[str | None, Expression | None, str]]:
        """The source's variable, the value where it is worked out, and the target's reference, of each copy."""
        reading = self.reading
        sources = [reading.text(source) for source in reading.children(association, "sourceRef")]
        target = reading.text(association.find(f"{{{BPMN}}}targetRef"))
        if self._stores & {*sources, target}:
            return  # a data store is merely drawn
        source = self.name(sources[0]) if sources else None
        for assignment in reading.children(association, "assignment"):
            come_from, go_to = (assignment.find(f"{{{BPMN}}}{end}") for end in ("from", "to"))
            if come_from is None or not reading.text(go_to):
                reading.report("assignment_incomplete", element)
                continue
            place = reading.text(go_to)
            if not (place.isidentifier() or place in self._inside(element)):
                reading.report("assignment_target", element, text=place)
                continue
            yield source, reading.expression(come_from, element), place
        transformation = association.find(f"{{{BPMN}}}transformation")
        if transformation is not None:
            yield source, reading.expression(transformation, element), target
        elif len(sources) > 1:
            reading.report("association_sources", element)
        elif association.find(f"{{{BPMN}}}assignment") is None:
            yield source, None, target

    def _inside(self, element: Element) -> set[str]:
        return {*self._inner(element, "dataInput"), *self._inner(element, "dataOutput")}

    def _inner(self, element: Element, tag: str) -> dict[str, tuple[str, ...]]:
        """Id of a data input or output of the element → the variables it is inside: its name and its id."""
        specification = element.find(f"{{{BPMN}}}ioSpecification")
        items = self.reading.children(element if specification is None else specification, tag)
        return {
            identity: tuple(dict.fromkeys(name for name in (item.get("name") or "", identity) if name.isidentifier()))
            for item in items
            if (identity := item.get("id"))
        }
