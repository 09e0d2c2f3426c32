"""The allow-list of BPMN 2.0: what the engine executes, or may safely treat as documentation (design §3.5).

Everything in the BPMN namespace that is not listed here is refused at deployment by element and attribute. The table
is data: `docs/reference/bpmn.md` is the same list for people.
"""

from collections.abc import Mapping

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"

DRAWING = frozenset(
    {
        "http://www.omg.org/spec/BPMN/20100524/DI",
        "http://www.omg.org/spec/DD/20100524/DC",
        "http://www.omg.org/spec/DD/20100524/DI",
        "http://www.omg.org/spec/BPMN/non-normative/color/1.0",
        "http://bpmn.io/schema/bpmn/biocolor/1.0",
        "http://bpmn.io/schema/bpmn",
        "http://camunda.org/schema/modeler/1.0",
        "http://www.w3.org/2001/XMLSchema-instance",
    }
)
"""Namespaces of looks and editors: never executed, never reported."""

ANY = None
"""As an attribute's allowed values: whatever is written."""

_NAMED = {"id": ANY, "name": ANY}
_FALSE = frozenset({"false"})
_BOOLEAN = frozenset({"true", "false"})
_PYTHON = frozenset(
    {"", "python", "Python", "text/python", "text/x-python", "application/python", "application/x-python"}
)
"""What the language of expressions may be called: its syntax is a subset of Python."""
_ACTIVITY = _NAMED | {
    "default": ANY,
    "isForCompensation": _BOOLEAN,
    "startQuantity": ANY,
    "completionQuantity": ANY,
}
_TASK = _ACTIVITY | {"implementation": ANY}
_EVENT = _NAMED | {"parallelMultiple": _FALSE}
_GATEWAY = _NAMED | {"gatewayDirection": ANY}

_IO = frozenset({"ioSpecification", "dataInputAssociation", "dataOutputAssociation", "property"})
_FLOWS = frozenset({"incoming", "outgoing"})
_LOOPS = frozenset({"multiInstanceLoopCharacteristics", "standardLoopCharacteristics"})
_IN_ACTIVITY = _FLOWS | _IO | _LOOPS
_CATCH = frozenset(
    {"messageEventDefinition", "signalEventDefinition", "timerEventDefinition", "conditionalEventDefinition"}
)
_RAISED = frozenset({"errorEventDefinition", "escalationEventDefinition"})
_UNDONE = frozenset({"compensateEventDefinition"})
_CANCELLED = frozenset({"cancelEventDefinition"})
_SHARED = frozenset({"eventDefinitionRef"})
_EVENT_DATA = frozenset(
    {"dataInput", "dataOutput", "inputSet", "outputSet", "dataInputAssociation", "dataOutputAssociation"}
)
_ARTIFACTS = frozenset(
    {"textAnnotation", "association", "group", "dataObject", "dataObjectReference", "dataStoreReference"}
)

_ACTIVITIES = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "scriptTask",
        "serviceTask",
        "businessRuleTask",
        "sendTask",
        "receiveTask",
        "callActivity",
        "subProcess",
        "transaction",
    }
)
_GATEWAYS = frozenset(
    {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "complexGateway", "eventBasedGateway"}
)
_EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
NODES = _ACTIVITIES | _GATEWAYS | _EVENTS
GLOBAL_TASKS: Mapping[str, str] = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
"""Tasks at the top of a file, for call activities → what each is when it is called."""

_SCOPE = NODES | _ARTIFACTS | {"sequenceFlow", "laneSet"}

DOCUMENTATION = frozenset(
    {
        "documentation",
        "extensionElements",
        "textAnnotation",
        "association",
        "group",
        "category",
        "dataObject",
        "dataObjectReference",
        "dataStore",
        "dataStoreReference",
        "itemDefinition",
        "messageFlow",
        "property",
        "monitoring",
        "auditing",
        "partnerEntity",
        "partnerRole",
        "interface",
        "interfaceRef",
        "supportedInterfaceRef",
        "operationRef",
        "endPoint",
        "endPointRef",
        "participantMultiplicity",
        "resource",
        "import",
    }
)
"""Elements whose contents say nothing about execution: they are not looked into."""

CHILDREN: dict[str, frozenset[str]] = {
    "definitions": frozenset(
        {
            "process",
            "collaboration",
            "message",
            "signal",
            "error",
            "escalation",
            "correlationProperty",
            "itemDefinition",
            "dataStore",
            "category",
            "partnerEntity",
            "partnerRole",
            "interface",
            "endPoint",
            "resource",
            "import",
        }
    )
    | GLOBAL_TASKS.keys()
    | _CATCH
    | _RAISED
    | _UNDONE
    | _CANCELLED
    | {"terminateEventDefinition", "linkEventDefinition"},
    "collaboration": frozenset({"participant", "messageFlow", "correlationKey"}) | _ARTIFACTS,
    "participant": frozenset({"interfaceRef", "endPointRef", "participantMultiplicity"}),
    "correlationKey": frozenset({"correlationPropertyRef"}),
    "correlationPropertyRef": frozenset(),
    "correlationProperty": frozenset({"correlationPropertyRetrievalExpression"}),
    "correlationPropertyRetrievalExpression": frozenset({"messagePath", "formalExpression"}),
    "messagePath": frozenset(),
    "formalExpression": frozenset(),
    "message": frozenset(),
    "signal": frozenset(),
    "error": frozenset(),
    "escalation": frozenset(),
    "process": _SCOPE | {"ioSpecification", "property", "monitoring", "auditing", "supportedInterfaceRef"},
    "subProcess": _SCOPE | _IN_ACTIVITY,
    "transaction": _SCOPE | _IN_ACTIVITY,
    "globalTask": _IO,
    "globalUserTask": _IO | {"rendering"},
    "globalManualTask": _IO,
    "globalScriptTask": _IO | {"script"},
    "globalBusinessRuleTask": _IO,
    "laneSet": frozenset({"lane"}),
    "lane": frozenset({"flowNodeRef", "childLaneSet"}),
    "childLaneSet": frozenset({"lane"}),
    "flowNodeRef": frozenset(),
    "sequenceFlow": frozenset({"conditionExpression"}),
    "conditionExpression": frozenset(),
    "incoming": frozenset(),
    "outgoing": frozenset(),
    "task": _IN_ACTIVITY,
    "userTask": _IN_ACTIVITY | {"rendering"},
    "rendering": frozenset(),
    "manualTask": _IN_ACTIVITY,
    "scriptTask": _IN_ACTIVITY | {"script"},
    "script": frozenset(),
    "serviceTask": _IN_ACTIVITY,
    "businessRuleTask": _IN_ACTIVITY,
    "sendTask": _IN_ACTIVITY | {"messageEventDefinition"},
    "receiveTask": _IN_ACTIVITY | {"messageEventDefinition"},
    "callActivity": _IN_ACTIVITY,
    "exclusiveGateway": _FLOWS,
    "parallelGateway": _FLOWS,
    "inclusiveGateway": _FLOWS,
    "complexGateway": _FLOWS | {"activationCondition"},
    "activationCondition": frozenset(),
    "eventBasedGateway": _FLOWS,
    "startEvent": _FLOWS | _EVENT_DATA | _CATCH | _RAISED | _UNDONE | _SHARED,
    "endEvent": _FLOWS
    | _EVENT_DATA
    | _RAISED
    | _UNDONE
    | _CANCELLED
    | _SHARED
    | {"messageEventDefinition", "signalEventDefinition", "terminateEventDefinition"},
    "intermediateCatchEvent": _FLOWS | _EVENT_DATA | _CATCH | _SHARED | {"linkEventDefinition"},
    "intermediateThrowEvent": _FLOWS
    | _EVENT_DATA
    | _UNDONE
    | _SHARED
    | {"messageEventDefinition", "signalEventDefinition", "escalationEventDefinition", "linkEventDefinition"},
    "boundaryEvent": _FLOWS | _EVENT_DATA | _CATCH | _RAISED | _UNDONE | _CANCELLED | _SHARED,
    "eventDefinitionRef": frozenset(),
    "compensateEventDefinition": frozenset(),
    "cancelEventDefinition": frozenset(),
    "messageEventDefinition": frozenset({"operationRef"}),
    "signalEventDefinition": frozenset(),
    "errorEventDefinition": frozenset(),
    "escalationEventDefinition": frozenset(),
    "terminateEventDefinition": frozenset(),
    "linkEventDefinition": frozenset({"source", "target"}),
    "source": frozenset(),
    "target": frozenset(),
    "timerEventDefinition": frozenset({"timeDate", "timeDuration", "timeCycle"}),
    "timeDate": frozenset(),
    "timeDuration": frozenset(),
    "timeCycle": frozenset(),
    "conditionalEventDefinition": frozenset({"condition"}),
    "condition": frozenset(),
    "multiInstanceLoopCharacteristics": frozenset(
        {
            "loopCardinality",
            "loopDataInputRef",
            "loopDataOutputRef",
            "inputDataItem",
            "outputDataItem",
            "completionCondition",
            "complexBehaviorDefinition",
        }
    ),
    "complexBehaviorDefinition": frozenset({"condition", "event"}),
    "event": _EVENT_DATA | _RAISED | _UNDONE | _SHARED | {"messageEventDefinition", "signalEventDefinition"},
    "loopCardinality": frozenset(),
    "loopDataInputRef": frozenset(),
    "loopDataOutputRef": frozenset(),
    "inputDataItem": frozenset(),
    "outputDataItem": frozenset(),
    "completionCondition": frozenset(),
    "standardLoopCharacteristics": frozenset({"loopCondition"}),
    "loopCondition": frozenset(),
    "ioSpecification": frozenset({"dataInput", "dataOutput", "inputSet", "outputSet"}),
    "dataInput": frozenset(),
    "dataOutput": frozenset(),
    "inputSet": frozenset({"dataInputRefs"}),
    "outputSet": frozenset({"dataOutputRefs"}),
    "dataInputRefs": frozenset(),
    "dataOutputRefs": frozenset(),
    "dataInputAssociation": frozenset({"sourceRef", "targetRef", "transformation", "assignment"}),
    "dataOutputAssociation": frozenset({"sourceRef", "targetRef", "transformation", "assignment"}),
    "transformation": frozenset(),
    "assignment": frozenset({"from", "to"}),
    "from": frozenset(),
    "to": frozenset(),
    "sourceRef": frozenset(),
    "targetRef": frozenset(),
}
"""Element → the BPMN elements it may hold, beside documentation and extensionElements."""

ONCE = frozenset(
    {
        "extensionElements",
        "ioSpecification",
        "script",
        "conditionExpression",
        "activationCondition",
        "multiInstanceLoopCharacteristics",
        "loopCardinality",
        "loopDataInputRef",
        "loopDataOutputRef",
        "inputDataItem",
        "outputDataItem",
        "completionCondition",
        "standardLoopCharacteristics",
        "loopCondition",
        "condition",
        "event",
        "transformation",
        "targetRef",
        "from",
        "to",
        "messagePath",
        "formalExpression",
    }
)
"""Elements that stand at most once in theirs: of two, one would be ignored."""

ATTRIBUTES: dict[str, Mapping[str, frozenset[str] | None]] = {
    "definitions": _NAMED
    | {
        "targetNamespace": ANY,
        "exporter": ANY,
        "exporterVersion": ANY,
        "expressionLanguage": ANY,
        "typeLanguage": ANY,
    },
    "collaboration": _NAMED | {"isClosed": ANY},
    "participant": _NAMED | {"processRef": ANY},
    "correlationKey": _NAMED,
    "correlationPropertyRef": {},
    "correlationProperty": _NAMED | {"type": ANY},
    "correlationPropertyRetrievalExpression": {"id": ANY, "messageRef": ANY},
    "messagePath": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "formalExpression": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "message": _NAMED | {"itemRef": ANY},
    "signal": _NAMED | {"structureRef": ANY},
    "error": _NAMED | {"errorCode": ANY, "structureRef": ANY},
    "escalation": _NAMED | {"escalationCode": ANY, "structureRef": ANY},
    "process": _NAMED
    | {"isExecutable": _BOOLEAN, "processType": ANY, "isClosed": ANY, "definitionalCollaborationRef": ANY},
    "subProcess": _ACTIVITY | {"triggeredByEvent": _BOOLEAN},
    "transaction": _ACTIVITY | {"triggeredByEvent": _FALSE, "method": ANY, "protocol": ANY},
    "globalTask": _NAMED,
    "globalUserTask": _NAMED | {"implementation": ANY},
    "globalManualTask": _NAMED,
    "globalScriptTask": _NAMED | {"scriptLanguage": _PYTHON},
    "globalBusinessRuleTask": _NAMED | {"implementation": ANY},
    "laneSet": _NAMED,
    "childLaneSet": _NAMED,
    "lane": _NAMED | {"partitionElementRef": ANY},
    "flowNodeRef": {},
    "sequenceFlow": _NAMED | {"sourceRef": ANY, "targetRef": ANY, "isImmediate": ANY},
    "conditionExpression": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "incoming": {},
    "outgoing": {},
    "task": _ACTIVITY,
    "userTask": _TASK,
    "rendering": {"id": ANY},
    "manualTask": _ACTIVITY,
    "scriptTask": _ACTIVITY | {"scriptFormat": _PYTHON},
    "script": {"id": ANY},
    "serviceTask": _TASK | {"operationRef": ANY},
    "businessRuleTask": _TASK,
    "sendTask": _TASK | {"messageRef": ANY, "operationRef": ANY},
    "receiveTask": _TASK | {"messageRef": ANY, "operationRef": ANY, "instantiate": _BOOLEAN},
    "callActivity": _ACTIVITY | {"calledElement": ANY},
    "exclusiveGateway": _GATEWAY | {"default": ANY},
    "parallelGateway": _GATEWAY,
    "inclusiveGateway": _GATEWAY | {"default": ANY},
    "complexGateway": _GATEWAY | {"default": ANY},
    "activationCondition": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "eventBasedGateway": _GATEWAY | {"instantiate": _BOOLEAN, "eventGatewayType": frozenset({"Exclusive"})},
    "startEvent": _EVENT | {"isInterrupting": _BOOLEAN},
    "endEvent": _NAMED,
    "intermediateCatchEvent": _NAMED | {"parallelMultiple": _BOOLEAN},
    "intermediateThrowEvent": _NAMED,
    "boundaryEvent": _EVENT | {"attachedToRef": ANY, "cancelActivity": _BOOLEAN},
    "messageEventDefinition": {"id": ANY, "messageRef": ANY, "operationRef": ANY},
    "signalEventDefinition": {"id": ANY, "signalRef": ANY},
    "errorEventDefinition": {"id": ANY, "errorRef": ANY},
    "escalationEventDefinition": {"id": ANY, "escalationRef": ANY},
    "terminateEventDefinition": {"id": ANY},
    "compensateEventDefinition": {"id": ANY, "activityRef": ANY, "waitForCompletion": frozenset({"true"})},
    "cancelEventDefinition": {"id": ANY},
    "eventDefinitionRef": {},
    "linkEventDefinition": _NAMED,
    "source": {},
    "target": {},
    "timerEventDefinition": {"id": ANY},
    "timeDate": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "timeDuration": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "timeCycle": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "conditionalEventDefinition": {"id": ANY},
    "condition": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "multiInstanceLoopCharacteristics": {
        "id": ANY,
        "isSequential": _BOOLEAN,
        "behavior": frozenset({"All", "One", "None", "Complex"}),
        "oneBehaviorEventRef": ANY,
        "noneBehaviorEventRef": ANY,
    },
    "complexBehaviorDefinition": {"id": ANY},
    "event": _NAMED,
    "loopCardinality": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "loopDataInputRef": {},
    "loopDataOutputRef": {},
    "inputDataItem": _NAMED | {"itemSubjectRef": ANY, "isCollection": ANY},
    "outputDataItem": _NAMED | {"itemSubjectRef": ANY, "isCollection": ANY},
    "completionCondition": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "standardLoopCharacteristics": {"id": ANY, "testBefore": _BOOLEAN, "loopMaximum": ANY},
    "loopCondition": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "ioSpecification": {"id": ANY},
    "dataInput": _NAMED | {"itemSubjectRef": ANY, "isCollection": ANY},
    "dataOutput": _NAMED | {"itemSubjectRef": ANY, "isCollection": ANY},
    "inputSet": _NAMED,
    "outputSet": _NAMED,
    "dataInputRefs": {},
    "dataOutputRefs": {},
    "dataInputAssociation": {"id": ANY},
    "dataOutputAssociation": {"id": ANY},
    "transformation": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "assignment": {"id": ANY},
    "from": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "to": {"id": ANY, "language": _PYTHON, "evaluatesToTypeRef": ANY},
    "sourceRef": {},
    "targetRef": {},
}
"""Element → the attributes it may carry, each with the values that are executed as the standard says."""

_TASKS = _ACTIVITIES | GLOBAL_TASKS.keys()
_OF_MESSAGES = frozenset({"message", "messageEventDefinition", "sendTask", "receiveTask"}) | _EVENTS
_OF_OTHERS = frozenset({"signal", "error", "escalation"}) | _RAISED | {"signalEventDefinition"}
_ANYWHERE = frozenset(CHILDREN)

EXTENSIONS: Mapping[str, frozenset[str]] = {
    "serviceTaskOperator": frozenset({"serviceTask"}),
    "calledDecisionId": frozenset({"businessRuleTask", "globalBusinessRuleTask"}),
    "preScript": _TASKS,
    "postScript": _TASKS,
    "messagePayload": _OF_MESSAGES,
    "messageVariable": _OF_MESSAGES,
    "payloadExpression": _OF_OTHERS,
    "variableName": _OF_OTHERS,
    "properties": _ANYWHERE,
    "instructionsForEndUser": _ANYWHERE,
    "unitTests": _ANYWHERE,
    "taskMetadataValues": _ANYWHERE,
    "signalButtonLabel": _ANYWHERE,
}
"""The `spiffworkflow:` extensions that are executed, or are help for people → the elements that may carry them."""

PROPERTIES: Mapping[str, frozenset[str]] = {
    "userTask": frozenset(
        {"performerOf", "nameExpression", "dueDate", "doneBy", "formJsonSchemaFilename", "formUiSchemaFilename"}
    ),
    "businessRuleTask": frozenset({"resultVariable"}),
    "callActivity": frozenset({"calledElementBinding", "calledElementVersion"}),
}
"""Element → the `spiffworkflow:property`s that are executed."""
