"""Loops of a diagram: multi-instance and standard loop characteristics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from engine.allowed import BPMN, CHILDREN, SPIFF
from engine.data_reader import DataReader
from engine.errors import EngineError
from engine.event_reader import EventReader
from engine.expressions import Expression
from engine.model import Behavior, ImplicitThrow, Loop
from engine.reading import Reading, whole_number
from engine.xml import Element

MOST = 10_000
"""Instances of one activity, at most."""

_BEHAVIORS: tuple[Behavior, ...] = get_args(Behavior)
_THROWN = frozenset({"signal", "message", "escalation", "error", "compensation"})
"""What an instance that completes may throw."""


class LoopReader:
    """Reads the loop of an activity."""

    def __init__(self, reading: Reading, data: DataReader, events: EventReader) -> None:
        self.reading = reading
        self.data = data
        self.events = events

    def loop(self, element: Element) -> Loop | None:
        """The loop of an activity; None where it does not loop."""
        standard = element.find(f"{{{BPMN}}}standardLoopCharacteristics")
        multi = element.find(f"{{{BPMN}}}multiInstanceLoopCharacteristics")
        if standard is not None and multi is not None:
            self.reading.report("two_loops", element)
        if standard is not None:
            return self._standard_loop(standard, element)
        if multi is None:
            return None
        reading = self.reading
        find = {child: multi.find(f"{{{BPMN}}}{child}") for child in CHILDREN["multiInstanceLoopCharacteristics"]}
        cardinality, completion = find["loopCardinality"], find["completionCondition"]
        collection = reading.text(find["loopDataInputRef"]) or None
        if cardinality is None and collection is None:
            reading.report("loop_without_count", element)
        if cardinality is not None and collection is not None:
            reading.report("loop_two_counts", element)
        self._check_output(find, element)
        item, output = find["inputDataItem"], find["outputDataItem"]
        behavior = next((known for known in _BEHAVIORS if known == multi.get("behavior")), _BEHAVIORS[0])
        return Loop(
            kind="sequential" if multi.get("isSequential") == "true" else "parallel",
            cardinality=self._cardinality(cardinality, element) if cardinality is not None else None,
            collection=self.data.name(collection),
            item=(item.get("id") or item.get("name")) if item is not None else None,
            output_collection=self.data.name(reading.text(find["loopDataOutputRef"]) or None),
            output_item=(output.get("id") or output.get("name")) if output is not None else None,
            completion=reading.expression(completion, element) if completion is not None else None,
            scripts_on_instances=multi.get(f"{{{SPIFF}}}scriptsOnInstances") == "true",
            behavior=behavior,
            throws=self._throws(multi, behavior, element),
        )

    def _check_output(self, parts: Mapping[str, Element | None], element: Element) -> None:
        """What instances give needs a place; where nothing says what they give, it is the item that each was given."""
        item, place = parts["outputDataItem"], parts["loopDataOutputRef"]
        if (item is not None and place is None) or (
            place is not None and item is None and parts["inputDataItem"] is None
        ):
            self.reading.report("loop_output_half", element)

    def _cardinality(self, holder: Element, element: Element) -> Expression | None:
        """How many instances; where the number is written down it must be one that can be."""
        expression = self.reading.expression(holder, element)
        if expression is None or not expression.is_constant:
            return expression
        try:
            count = expression.evaluate({})
        except EngineError:
            count = None
        if type(count) is not int or not 0 <= count <= MOST:
            text = self.reading.text(holder)
            self.reading.report("loop_count", element, text=text, most=MOST)
        return expression

    def _throws(self, multi: Element, behavior: Behavior, element: Element) -> tuple[ImplicitThrow, ...]:
        """What is thrown as instances complete (BPMN 2.0 table 10.26)."""
        if behavior == "Complex":
            definitions = self.reading.children(multi, "complexBehaviorDefinition")
            if not definitions:
                self.reading.report("behavior_without_event", element, attribute="complexBehaviorDefinition")
            return tuple(throw for one in definitions if (throw := self._complex(one, element)) is not None)
        if behavior == "All":
            return ()
        attribute = "oneBehaviorEventRef" if behavior == "One" else "noneBehaviorEventRef"
        reference = multi.get(attribute)
        if not reference:
            self.reading.report("behavior_without_event", element, attribute=attribute)
            return ()
        return self._thrown(reference, attribute, element)

    def _complex(self, definition: Element, element: Element) -> ImplicitThrow | None:
        condition = definition.find(f"{{{BPMN}}}condition")
        thrown = definition.find(f"{{{BPMN}}}event")
        if condition is None:
            self.reading.report("condition_missing", element)
            return None
        if thrown is None:
            return None
        event = self.events.event(thrown, "event")
        if event.kind not in _THROWN:
            self.reading.report("behavior_event_kind", element, kind=event.kind)
        return ImplicitThrow(event, self.reading.expression(condition, element))

    def _thrown(self, reference: str, attribute: str, element: Element) -> tuple[ImplicitThrow, ...]:
        event = self.events.definition(reference, element, attribute)
        if event is None:
            return ()
        if event.kind not in _THROWN:
            self.reading.report("behavior_event_kind", element, kind=event.kind)
        return (ImplicitThrow(event),)

    def _standard_loop(self, loop: Element, element: Element) -> Loop | None:
        condition = loop.find(f"{{{BPMN}}}loopCondition")
        text = loop.get("loopMaximum")
        maximum = whole_number(text) if text is not None else None
        if text is not None and maximum is None:
            self.reading.report("unsupported_attribute", element, attribute="loopMaximum", value=text)
            return None
        if condition is None and maximum is None:
            self.reading.report("loop_without_count", element)
        return Loop(
            kind="standard",
            condition=self.reading.expression(condition, element) if condition is not None else None,
            test_before=loop.get("testBefore") == "true",
            maximum=maximum,
        )
