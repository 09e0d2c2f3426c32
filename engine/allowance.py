"""Whether a file holds only what the allow-list names, and whether its ids are there, short enough and used once."""

from __future__ import annotations

from collections.abc import Iterable

from engine import xml
from engine.allowed import ATTRIBUTES, BPMN, CHILDREN, DOCUMENTATION, DRAWING, EXTENSIONS, NODES, ONCE, SPIFF
from engine.reading import Reading
from engine.xml import Element

LONGEST_NAME = 200
"""Characters of an id or name, at most."""

LONGEST_ROLE = 64
"""Characters of a lane's id, at most."""

_VARIABLES = frozenset({"inputDataItem", "outputDataItem", "dataInput", "dataOutput"})
"""Elements whose id is the name of a variable, and may stand more than once."""


def check(reading: Reading, parts: Iterable[Element]) -> None:
    """Report whatever stands in these children of `definitions` and would not be executed as BPMN 2.0 says."""
    checked = list(parts)
    for part in checked:
        _check_allowed(reading, part)
    _check_ids(reading, (part for part in checked if xml.namespace(part) == BPMN))


def _check_allowed(reading: Reading, part: Element) -> None:
    waiting = [(part, "definitions")]
    while waiting:
        element, parent = waiting.pop()
        if not isinstance(element.tag, str):
            continue
        space, tag = xml.namespace(element), xml.local_name(element)
        if space != BPMN:
            if space not in DRAWING and parent != "extensionElements":
                reading.report("foreign_element", element, severity="warning", tag=element.tag)
            continue
        if tag in ("documentation", "extensionElements"):
            if tag == "extensionElements":
                _check_extensions(reading, element)
            continue
        if tag not in CHILDREN.get(parent, frozenset()):
            code = "ad_hoc" if tag == "adHocSubProcess" else "unsupported_element"
            # Modelers show the event, not its definition.
            place = element.getparent() if tag.endswith("EventDefinition") else element
            reading.report(code, reading.named_place(place), tag=tag, parent=parent)
            continue
        if tag in DOCUMENTATION:
            continue
        _check_attributes(reading, element, tag)
        _check_text(reading, element)
        _check_once(reading, element, element.iterchildren(*(f"{{{BPMN}}}{name}" for name in ONCE)))
        waiting.extend((child, tag) for child in element.iterchildren())


def _check_attributes(reading: Reading, element: Element, tag: str) -> None:
    allowed, place, line = ATTRIBUTES[tag], reading.named_place(element), element.sourceline
    for name, value in element.attrib.items():
        if name.startswith("{"):
            if not any(name.startswith(f"{{{space}}}") for space in (*DRAWING, SPIFF)):
                reading.report("foreign_attribute", place, line=line, severity="warning", attribute=name)
        elif name not in allowed:
            reading.report("unsupported_attribute", place, line=line, attribute=name, value=value)
        else:
            accepted = allowed[name]
            if accepted is not None and value not in accepted:
                reading.report("unsupported_attribute", place, line=line, attribute=name, value=value)


def _check_text(reading: Reading, element: Element) -> None:
    """Report an element that cuts a text in two: of an expression or script only the part before it would be read."""
    for child in element.iterchildren():
        if (child.tail or "").strip():
            place = reading.named_place(element)
            reading.report("text_cut", place, line=child.sourceline, tag=xml.local_name(child))


def _check_once(reading: Reading, place: Element, elements: Iterable[Element]) -> None:
    """Report what is there, or gives one parameter or property, a second time: one of the two would be lost."""
    seen: set[tuple[str, str | None]] = set()
    for element in elements:
        names = {"parameter": element.get("id"), "property": element.get("name")}
        kind = xml.local_name(element), names.get(xml.local_name(element))
        if kind in seen:
            tag = " ".join(part for part in kind if part)
            reading.report("element_twice", reading.named_place(place), line=element.sourceline, tag=tag)
        seen.add(kind)


def _check_extensions(reading: Reading, element: Element) -> None:
    _check_once(reading, element, element.iterchildren(f"{{{SPIFF}}}*"))
    for holder in element.iter(f"{{{SPIFF}}}parameters", f"{{{SPIFF}}}properties"):
        _check_once(reading, element, holder.iterchildren(f"{{{SPIFF}}}*"))
    for child in element.iterchildren():
        space, tag = xml.namespace(child), xml.local_name(child)
        if space in DRAWING:
            continue
        if space == SPIFF and tag in EXTENSIONS:
            _check_text(reading, child)
            holder = element.getparent()
            parent = xml.local_name(holder) if holder is not None else ""
            if parent not in EXTENSIONS[tag]:
                reading.report("extension_misplaced", reading.named_place(element), tag=tag, parent=parent)
            continue
        reading.report("foreign_element", reading.named_place(child), severity="warning", tag=child.tag)


def _check_ids(reading: Reading, parts: Iterable[Element]) -> None:
    seen: dict[str, Element] = {}
    variables: dict[tuple[Element | None, str, str | None], Element] = {}
    for part in parts:
        for element in part.iter(f"{{{BPMN}}}*"):
            identity = element.get("id")
            _check_length(reading, element)
            if not (identity or "").strip():
                if xml.local_name(element) in NODES | {"sequenceFlow", "process"}:
                    reading.report("missing_id", element, tag=xml.local_name(element))
            elif xml.local_name(element) in _VARIABLES:
                first = variables.setdefault((element.getparent(), element.tag, identity), element)
                if first is not element:
                    place, line = reading.named_place(element), element.sourceline
                    reading.report("duplicate_id", place, line=line, id=identity, other=first.sourceline)
            elif identity in seen:
                reading.report("duplicate_id", element, id=identity, other=seen[identity].sourceline)
            else:
                seen[identity] = element


def _check_length(reading: Reading, element: Element) -> None:
    for attribute in ("id", "name"):
        is_role = attribute == "id" and xml.local_name(element) == "lane"
        limit = LONGEST_ROLE if is_role else LONGEST_NAME
        if len(element.get(attribute) or "") > limit:
            reading.report("name_too_long", element, attribute=attribute, limit=limit)
