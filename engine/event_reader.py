"""Events of a diagram: what each waits for or throws, with the messages, signals, errors and times it refers to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from engine import durations, xml
from engine.allowed import BPMN, CHILDREN
from engine.data_reader import DataReader
from engine.errors import ExpressionError
from engine.expressions import Expression
from engine.model import CorrelationProperty, EventDefinition, EventKind, TimerKind
from engine.reading import Reading
from engine.xml import Element

_KINDS: dict[str, EventKind] = {
    "messageEventDefinition": "message",
    "signalEventDefinition": "signal",
    "timerEventDefinition": "timer",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "conditionalEventDefinition": "conditional",
    "linkEventDefinition": "link",
    "terminateEventDefinition": "terminate",
    "compensateEventDefinition": "compensation",
    "cancelEventDefinition": "cancel",
}
_TIMER_KINDS: dict[str, TimerKind] = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}
_THROWING = frozenset({"endEvent", "intermediateThrowEvent", "event"})
_CARRYING = frozenset({"message", "signal", "error", "escalation"})
_MUST_CATCH = frozenset({"intermediateCatchEvent", "boundaryEvent"})


class EventReader:
    """Reads the event definitions of one file."""

    def __init__(self, reading: Reading, data: DataReader) -> None:
        self.reading = reading
        self.data = data
        self.messages = self._named("message")
        self.signals = self._named("signal")
        self.errors = self._named("error")
        self.escalations = self._named("escalation")
        self.all = {
            item.get("id") or "": item for item in reading.root.iter(f"{{{BPMN}}}*") if xml.local_name(item) in _KINDS
        }
        self.correlations = self._correlations()

    def event(self, element: Element, tag: str) -> EventDefinition:
        """What an event, send task or receive task of kind `tag` waits for or throws."""
        definitions = self._definitions(element, tag)
        if tag in ("sendTask", "receiveTask") and definitions and element.get("messageRef"):
            self.reading.report("element_twice", element, tag="messageRef")
        if tag in ("sendTask", "receiveTask") and not definitions:
            if element.get("messageRef"):
                return self._message(element, element)
            self.reading.report("reference_missing", element, attribute="messageRef")
            return EventDefinition("none")
        if not definitions:
            if tag in _MUST_CATCH:
                self.reading.report("event_definition_missing", element)
            return EventDefinition("none")
        parts = tuple(self._definition(definition, element, throws=tag in _THROWING) for definition in definitions)
        self._check_data(parts, element, tag)
        if len(parts) == 1:
            return self._with_data(parts[0], element, tag)
        for part in parts:
            if part.kind in ("link", "terminate", "compensation", "cancel"):
                self.reading.report("part_of_several", element, kind=part.kind)
        return EventDefinition("multiple", parts=parts, parallel=element.get("parallelMultiple") == "true")

    def definition(self, reference: str, element: Element, attribute: str) -> EventDefinition | None:
        """The definition, of whichever event, that an attribute of `element` names as what is to be thrown."""
        target = self.all.get(self.reading.reference(reference))
        if target is None:
            self.reading.report("reference_unknown", element, attribute=attribute, reference=reference)
            return None
        return self._definition(target, element, throws=True)

    def _definitions(self, element: Element, tag: str) -> list[Element]:
        """The definitions an event holds, and those at the top of the file that it refers to."""
        found: list[Element] = []
        for child in element.iterchildren(f"{{{BPMN}}}*"):
            kind = xml.local_name(child)
            if kind in _KINDS:
                found.append(child)
            elif kind == "eventDefinitionRef":
                reference = self.reading.text(child)
                target = self.all.get(self.reading.reference(reference))
                if target is None or target.getparent() is not self.reading.root:
                    code = "reference_unknown" if target is None else "reference_nested"
                    self.reading.report(code, element, attribute="eventDefinitionRef", reference=reference)
                elif xml.local_name(target) not in CHILDREN[tag]:
                    self.reading.report("unsupported_element", element, tag=xml.local_name(target), parent=tag)
                else:
                    found.append(target)
        return found

    def _check_data(self, parts: tuple[EventDefinition, ...], element: Element, tag: str) -> None:
        """Report associations that nothing would go through: an event carries one value, of one definition."""
        associations = self.reading.children(
            element, "dataInputAssociation" if tag in _THROWING else "dataOutputAssociation"
        )
        if tag in ("sendTask", "receiveTask") or not associations:
            return
        if len(associations) > 1 or len(parts) > 1 or parts[0].kind not in _CARRYING:
            self.reading.report("association_of_event", element)

    def _with_data(self, event: EventDefinition, element: Element, tag: str) -> EventDefinition:
        """A data association says where to what was caught goes, or what is thrown, unless an extension does."""
        if tag in _THROWING:
            inputs = self.data.inputs(element)
            if event.payload is None and inputs:
                return replace(event, payload=inputs[0].value)
        elif event.variable is None and (outputs := self.data.outputs(element)):
            if outputs[0].value is not None:
                self.reading.report("association_computes", element)
            return replace(event, variable=outputs[0].target)
        return event

    def _definition(self, definition: Element, element: Element, *, throws: bool) -> EventDefinition:
        reading = self.reading
        kind = _KINDS[xml.local_name(definition)]
        if kind == "message":
            return self._message(definition, element)
        if kind == "signal":
            return self._referenced(kind, definition, element, "signalRef", self.signals, "name")
        if kind == "error":
            return self._referenced(kind, definition, element, "errorRef", self.errors, "errorCode", throws)
        if kind == "escalation":
            known = self.escalations
            return self._referenced(kind, definition, element, "escalationRef", known, "escalationCode", throws)
        if kind == "timer":
            return self._timer(definition, element)
        if kind == "conditional":
            condition = definition.find(f"{{{BPMN}}}condition")
            if condition is None:
                reading.report("condition_missing", element)
                return EventDefinition(kind)
            return EventDefinition(kind, condition=reading.expression(condition, element))
        if kind == "link":
            name = _link_name(definition) or element.get("name")
            if not name:
                reading.report("link_name_missing", element)
            self._check_other_ends(definition, element, name)
            return EventDefinition(kind, name=name)
        if kind == "compensation":
            activity = definition.get("activityRef")
            return EventDefinition(kind, activity=reading.reference(activity) if activity else None)
        return EventDefinition(kind)

    def _check_other_ends(self, definition: Element, element: Element, name: str | None) -> None:
        """Links meet by name; where a diagram says their other end as well, it must be the same."""
        for end in ("source", "target"):
            for child in self.reading.children(definition, end):
                reference = self.reading.reference(child.text)
                other = self.all.get(reference)
                if other is None or _KINDS[xml.local_name(other)] != "link":
                    self.reading.report("reference_unknown", element, attribute=end, reference=reference)
                elif _link_name(other) != name:
                    self.reading.report("link_contradiction", element, name=name, attribute=end, reference=reference)

    def _message(self, holder: Element, element: Element) -> EventDefinition:
        reading = self.reading
        reference = reading.reference(holder.get("messageRef"))
        if not reference:
            reading.report("reference_missing", element, attribute="messageRef")
            return EventDefinition("message")
        message = self.messages.get(reference)
        if message is None:
            reading.report("reference_unknown", element, attribute="messageRef", reference=reference)
            return EventDefinition("message")
        extensions = reading.extensions(message) | reading.extensions(element) | reading.extensions(holder)
        return EventDefinition(
            "message",
            name=message.get("name") or reference,
            payload=reading.optional(extensions.get("messagePayload"), element),
            variable=reading.text(extensions.get("messageVariable")) or None,
            correlation=self.correlations.get(reference, ()),
        )

    def _referenced(
        self,
        kind: EventKind,
        definition: Element,
        element: Element,
        attribute: str,
        known: dict[str, Element],
        key: str,
        throws: bool = False,
    ) -> EventDefinition:
        """An event with what it refers to. What throws an error or escalation must say as what it can be caught; what
        catches one need not (BPMN 2.0 table 10.86)."""
        reading = self.reading
        reference = reading.reference(definition.get(attribute))
        if not reference:
            if kind == "signal" or throws:
                reading.report("reference_missing", element, attribute=attribute)
            return EventDefinition(kind)
        target = known.get(reference)
        if target is None:
            reading.report("reference_unknown", element, attribute=attribute, reference=reference)
            return EventDefinition(kind)
        if throws and not target.get(key):
            reading.report("code_missing", element, kind=kind, attribute=key)
        extensions = reading.extensions(target) | reading.extensions(definition)
        return EventDefinition(
            kind,
            name=target.get(key) or (None if key != "name" else reference),
            payload=reading.optional(extensions.get("payloadExpression"), element),
            variable=reading.text(extensions.get("variableName")) or None,
        )

    def _timer(self, definition: Element, element: Element) -> EventDefinition:
        times = [child for child in definition.iterchildren(f"{{{BPMN}}}*") if xml.local_name(child) in _TIMER_KINDS]
        if len(times) != 1 or not self.reading.text(times[0]):
            self.reading.report("timer_missing", element)
            return EventDefinition("timer")
        kind = _TIMER_KINDS[xml.local_name(times[0])]
        return EventDefinition("timer", timer=kind, time=self._time(self.reading.text(times[0]), kind, element))

    def _time(self, text: str, kind: TimerKind, element: Element) -> Expression | None:
        """A timer's text: ISO 8601 as every modeler writes it, or an expression that gives such a text or value."""
        now = datetime.now(UTC)  # from which a duration must lead to some date
        parse: dict[TimerKind, Callable[[str], datetime]] = {
            "date": durations.parse_datetime,
            "duration": lambda duration: durations.parse_duration(duration).add_to(now),
            "cycle": lambda repeat: durations.parse_repeat(repeat).every.add_to(now),
        }
        try:
            parse[kind](text)
        except ExpressionError as error:
            if _looks_like_iso(text, kind):
                self.reading.report("bad_time", element, reason=error.message, text=text)
                return None
            return self.reading.parse(text, element, element)
        return Expression.parse(repr(text))

    def _named(self, tag: str) -> dict[str, Element]:
        return {item.get("id") or "": item for item in self.reading.root.iterchildren(f"{{{BPMN}}}{tag}")}

    def _correlations(self) -> dict[str, tuple[CorrelationProperty, ...]]:
        """Message id → the properties that make its key."""
        reading = self.reading
        found: dict[str, list[CorrelationProperty]] = {}
        for item in reading.root.iter(f"{{{BPMN}}}correlationProperty"):
            retrievals = reading.children(item, "correlationPropertyRetrievalExpression")
            if not retrievals:
                attribute = "correlationPropertyRetrievalExpression"
                reading.report("reference_missing", item, attribute=attribute)
            for retrieval in retrievals:
                path = next(retrieval.iterchildren(f"{{{BPMN}}}*"), None)
                message = reading.reference(retrieval.get("messageRef"))
                if message not in self.messages:
                    reading.report("reference_unknown", item, attribute="messageRef", reference=message)
                    continue
                expression = reading.expression(path, item) if path is not None else None
                if expression is not None:
                    found.setdefault(message, []).append(CorrelationProperty(item.get("id") or "", expression))
        return {message: tuple(properties) for message, properties in found.items()}


def _link_name(definition: Element) -> str | None:
    """What a link is called: by itself, or by its event."""
    event = definition.getparent()
    return definition.get("name") or (event.get("name") if event is not None else None)


def _looks_like_iso(text: str, kind: TimerKind) -> bool:
    """Whether a text that cannot be read as ISO 8601 was meant as such, so that the error speaks of the time."""
    start = text.lstrip("-+").upper()
    if kind == "date":
        return start[:4].isdigit()
    if start[:1] == "R" and "/P" in start:
        return True
    return start[:1] in ("P", "R") and (len(start) == 1 or start[1].isdigit() or start[1] in "T/-")
