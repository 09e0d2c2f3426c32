"""What deployment and `jigai check` report: where, what is wrong, what to do about it.

A sentence is written once, in `PROBLEMS`, in Chinese and English, with the facts of the case as `{name}`
fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.sentences import OF_DECISIONS, Sentence

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Problem:
    """One finding about one place of one file. `line` is None only where the file could not be read at
    all.
    """

    file: str
    element_id: str | None
    element_name: str | None
    line: int | None
    code: str
    message: str
    remedy: str = ""
    severity: Literal["error", "warning"] = "error"
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        name = f"「{self.element_name}」" if self.element_name else ""
        return " ".join(part for part in (place, self.element_id, name, self.message, self.remedy) if part)

    def in_language(self, language: Language) -> Problem:
        """The same finding with its sentence and remedy in `language`."""
        return problem(
            self.code,
            file=self.file,
            element_id=self.element_id,
            element_name=self.element_name,
            line=self.line,
            severity=self.severity,
            language=language,
            **self.facts,
        )


def problem(
    code: str,
    *,
    file: str,
    element: Any = None,
    element_id: str | None = None,
    element_name: str | None = None,
    line: int | None = None,
    severity: Literal["error", "warning"] = "error",
    language: Language = "zh",
    **facts: Any,
) -> Problem:
    """The problem `code` of the catalogue at a place.

    `element` is an lxml element: its id, name and line serve where they are not given. Further keywords are
    the facts that the sentence names; a missing one is a KeyError, since the sentence would be wrong
    without it.
    """
    if element is not None:
        element_id = element.get("id") if element_id is None else element_id
        element_name = element.get("name") if element_name is None else element_name
        line = element.sourceline if line is None else line
    sentence = PROBLEMS[code]
    texts = (sentence.zh, sentence.remedy_zh) if language == "zh" else (sentence.en, sentence.remedy_en)
    message, remedy = (text.format(**facts) for text in texts)
    return Problem(file, element_id, element_name, line, code, message, remedy, severity, facts)


PROBLEMS: dict[str, Sentence] = {
    "unsupported_element": Sentence(
        zh="不支持的元素 {tag}。",
        en="The element {tag} is not supported.",
        remedy_zh="请改用支持的元素。",
        remedy_en="Use a supported element instead.",
    ),
    "ad_hoc": Sentence(
        zh="不支持临时子流程 {tag}：下一步做什么、做几次由人决定，图里没有说明。",
        en="The ad-hoc sub-process {tag} is not supported: which step comes next, and how often, nothing drawn says.",
        remedy_zh="请用并行的用户任务，或对所选事项做多实例。",
        remedy_en="Draw user tasks in parallel, or a multi-instance over what was chosen.",
    ),
    "bad_expression": Sentence(
        zh="表达式有误：{reason}",
        en="The expression is wrong: {reason}",
        remedy_zh="请更正表达式「{text}」。",
        remedy_en="Correct the expression “{text}”.",
    ),
    "bad_script": Sentence(
        zh="脚本有误：{reason}",
        en="The script is wrong: {reason}",
        remedy_zh="请更正脚本；支持的写法见 docs/reference/expressions.md。",
        remedy_en="Correct the script; docs/reference/expressions.md says what may be written.",
    ),
    "not_xml": Sentence(
        zh="不是有效的 XML 文件。",
        en="This is not well-formed XML.",
        remedy_zh="请用建模工具重新导出。",
        remedy_en="Export it again from the modeler.",
    ),
    "doctype": Sentence(
        zh="文件含有 DOCTYPE 声明，出于安全不予读取。",
        en="The file has a DOCTYPE, which is refused for safety.",
        remedy_zh="请删除 DOCTYPE。",
        remedy_en="Remove the DOCTYPE.",
    ),
    "file_too_large": Sentence(
        zh="文件超过 {limit} MB。",
        en="The file is larger than {limit} MB.",
        remedy_zh="请拆分图。",
        remedy_en="Split the diagram.",
    ),
    "too_deep": Sentence(
        zh="元素嵌套超过 {limit} 层。",
        en="Elements are nested more than {limit} deep.",
        remedy_zh="请减少嵌套。",
        remedy_en="Nest less.",
    ),
    "not_bpmn": Sentence(
        zh="不是 BPMN 2.0 文件（根元素是 {tag}）。",
        en="This is not a BPMN 2.0 file (its root is {tag}).",
        remedy_zh="请上传 .bpmn 文件。",
        remedy_en="Upload a .bpmn file.",
    ),
    "unknown_file": Sentence(
        zh="不认识的文件类型。",
        en="This kind of file is not known.",
        remedy_zh="请只上传 .bpmn、.dmn 和 .json 文件。",
        remedy_en="Upload .bpmn, .dmn and .json files only.",
    ),
    "bad_form": Sentence(
        zh="表单文件有误：{reason}",
        en="The form file is wrong: {reason}",
        remedy_zh="请更正为有效的 JSON Schema。",
        remedy_en="Correct it to a valid JSON Schema.",
    ),
    "no_process": Sentence(
        zh="没有可执行的流程。",
        en="There is no executable process.",
        remedy_zh="请至少包含一个 isExecutable 为 true 的流程。",
        remedy_en="Include at least one executable process.",
    ),
    "duplicate_process": Sentence(
        zh="流程编号与 {other} 中的重复。",
        en="The process id stands in {other} as well.",
        remedy_zh="请改用不同的编号。",
        remedy_en="Give it another id.",
    ),
    "duplicate_decision": Sentence(
        zh="决策编号 {id} 与 {other} 中的重复。",
        en="The decision id {id} stands in {other} as well.",
        remedy_zh="请改用不同的编号。",
        remedy_en="Give it another id.",
    ),
    "process_empty": Sentence(
        zh="里面没有任何节点。",
        en="There is nothing in it.",
        remedy_zh="请画出流程。",
        remedy_en="Draw its flow.",
    ),
    "foreign_element": Sentence(
        zh="扩展元素 {tag} 不会被执行。",
        en="The extension element {tag} is not executed.",
        remedy_zh="如果它影响执行，请改用支持的写法。",
        remedy_en="If execution depends on it, write it another way.",
    ),
    "foreign_attribute": Sentence(
        zh="扩展属性 {attribute} 不会被执行。",
        en="The extension attribute {attribute} is not executed.",
        remedy_zh="如果它影响执行，请改用支持的写法。",
        remedy_en="If execution depends on it, write it another way.",
    ),
    "unsupported_attribute": Sentence(
        zh="不支持属性 {attribute}=「{value}」。",
        en="The attribute {attribute}=“{value}” is not supported.",
        remedy_zh="请删除该属性或改用支持的值。",
        remedy_en="Remove the attribute or use a supported value.",
    ),
    "missing_id": Sentence(
        zh="{tag} 没有 id。",
        en="A {tag} has no id.",
        remedy_zh="请给它一个 id。",
        remedy_en="Give it an id.",
    ),
    "duplicate_id": Sentence(
        zh="编号 {id} 重复，另一处在第 {other} 行。",
        en="The id {id} is used twice, also on line {other}.",
        remedy_zh="请改用不同的编号。",
        remedy_en="Give it another id.",
    ),
    "flow_end_missing": Sentence(
        zh="连线的一端「{missing}」不在同一范围内。",
        en="The flow's end “{missing}” is not in the same scope.",
        remedy_zh="请把连线接到同一流程或子流程内的节点。",
        remedy_en="Connect nodes of one process or sub-process.",
    ),
    "expression_empty": Sentence(
        zh="表达式是空的。",
        en="The expression is empty.",
        remedy_zh="请填写表达式。",
        remedy_en="Write an expression.",
    ),
    "script_missing": Sentence(
        zh="脚本任务没有脚本。",
        en="The script task has no script.",
        remedy_zh="请填写脚本。",
        remedy_en="Write a script.",
    ),
    "operator_missing": Sentence(
        zh="服务任务没有指定服务。",
        en="The service task names no service.",
        remedy_zh="请在 serviceTaskOperator 中选择服务。",
        remedy_en="Choose one in serviceTaskOperator.",
    ),
    "service_unknown": Sentence(
        zh="没有名为 {service} 的服务。",
        en="There is no service {service}.",
        remedy_zh="请从服务目录（jigai services list）中选择。",
        remedy_en="Choose one of `jigai services list`.",
    ),
    "decision_missing": Sentence(
        zh="业务规则任务没有指定决策表。",
        en="The business rule task names no decision.",
        remedy_zh="请在 calledDecisionId 中填写决策编号。",
        remedy_en="Write its id in calledDecisionId.",
    ),
    "decision_unknown": Sentence(
        zh="本次部署中没有决策 {decision}。",
        en="This deployment has no decision {decision}.",
        remedy_zh="请一并上传含有该决策的 .dmn 文件。",
        remedy_en="Upload the .dmn file that holds it as well.",
    ),
    "form_unknown": Sentence(
        zh="本次部署中没有表单文件 {form}。",
        en="This deployment has no form {form}.",
        remedy_zh="请一并上传该文件。",
        remedy_en="Upload it as well.",
    ),
    "called_element_missing": Sentence(
        zh="调用活动没有指定被调用的流程。",
        en="The call activity names no process.",
        remedy_zh="请填写 calledElement。",
        remedy_en="Write calledElement.",
    ),
    "called_process_unknown": Sentence(
        zh="找不到被调用的流程 {process}。",
        en="The called process {process} is not known.",
        remedy_zh="请一并上传或先部署该流程。",
        remedy_en="Upload it as well, or deploy it first.",
    ),
    "loop_without_count": Sentence(
        zh="循环没有说明次数、集合或条件。",
        en="The loop names no count, collection or condition.",
        remedy_zh="请填写 loopCardinality、loopDataInputRef 或 loopCondition。",
        remedy_en="Write loopCardinality, loopDataInputRef or loopCondition.",
    ),
    "loop_count": Sentence(
        zh="实例数「{text}」应为 0 到 {most} 的整数。",
        en="The number of instances “{text}” must be a whole number from 0 to {most}.",
        remedy_zh="请更正 loopCardinality。",
        remedy_en="Correct loopCardinality.",
    ),
    "several_event_definitions": Sentence(
        zh="流程的开始事件有多个事件定义。",
        en="The process's start event has several event definitions.",
        remedy_zh="请为每个定义画一个开始事件。",
        remedy_en="Draw a start event for each.",
    ),
    "part_of_several": Sentence(
        zh="{kind} 事件定义不能与其他事件定义放在同一个事件里。",
        en="A {kind} event definition cannot stand beside others in one event.",
        remedy_zh="请拆成多个事件。",
        remedy_en="Draw several events.",
    ),
    "association_sources": Sentence(
        zh="数据关联有多个来源，又没有说明如何合成一个值。",
        en="The data association has several sources and does not say how they make one value.",
        remedy_zh="请填写 transformation 或 assignment，或拆成多个关联。",
        remedy_en="Write a transformation or assignments, or draw several associations.",
    ),
    "association_computes": Sentence(
        zh="捕获事件的数据关联不能带计算。",
        en="A data association of a catching event cannot compute.",
        remedy_zh="请先存入变量，再用脚本任务计算。",
        remedy_en="Keep the payload in a variable and compute in a script task.",
    ),
    "assignment_incomplete": Sentence(
        zh="数据关联的 assignment 缺少 from 或 to。",
        en="An assignment of the data association lacks its from or to.",
        remedy_zh="请补全。",
        remedy_en="Complete it.",
    ),
    "behavior_without_event": Sentence(
        zh="多实例的 behavior 没有说明抛出什么：缺少 {attribute}。",
        en="The multi-instance's behavior does not say what is thrown: {attribute} is missing.",
        remedy_zh="请填写，或删除 behavior。",
        remedy_en="Write it, or remove the behavior.",
    ),
    "behavior_event_kind": Sentence(
        zh="多实例不能抛出 {kind} 事件。",
        en="A multi-instance cannot throw a {kind} event.",
        remedy_zh="请改用信号、消息、升级、错误或补偿事件。",
        remedy_en="Use a signal, message, escalation, error or compensation event.",
    ),
    "several_handlers": Sentence(
        zh="补偿边界事件连着多个补偿活动。",
        en="The compensation event on the border leads to several activities.",
        remedy_zh="请只保留一个；需要多步时用子流程。",
        remedy_en="Keep one; where it takes several steps use a sub-process.",
    ),
    "compensation_without_handler": Sentence(
        zh="补偿边界事件没有连到标为补偿的活动。",
        en="The compensation event on the border leads to no activity marked as compensation.",
        remedy_zh="请用关联线连到一个 isForCompensation 的活动。",
        remedy_en="Draw an association to an activity with isForCompensation.",
    ),
    "handler_unused": Sentence(
        zh="标为补偿的活动没有补偿边界事件连到它。",
        en="No compensation event leads to this compensation activity.",
        remedy_zh="请从补偿边界事件画一条关联线到它，或取消补偿标记。",
        remedy_en="Draw an association from a compensation event on a border, or remove the mark.",
    ),
    "handler_with_flow": Sentence(
        zh="标为补偿的活动不能有连线或边界事件。",
        en="A compensation activity cannot have flows or events on its border.",
        remedy_zh="请删除它们。",
        remedy_en="Remove them.",
    ),
    "compensation_target": Sentence(
        zh="要补偿的活动「{activity}」不在这个范围内，或者没有补偿。",
        en="The activity “{activity}” to be compensated is not in this scope or has no compensation.",
        remedy_zh="请更正 activityRef，或给该活动加上补偿边界事件。",
        remedy_en="Correct activityRef, or give the activity a compensation event.",
    ),
    "cancel_place": Sentence(
        zh="取消事件只能是事务子流程里的结束事件，或事务子流程上的边界事件。",
        en="A cancel event ends a transaction from inside, or stands on a transaction's border.",
        remedy_zh="请改用事务子流程，或改用错误事件。",
        remedy_en="Use a transaction, or an error event.",
    ),
    "cancel_uncaught": Sentence(
        zh="事务有取消结束事件，但边上没有取消边界事件，取消之后无处可去。",
        en="The transaction can be cancelled, but nothing on its border says how to go on.",
        remedy_zh="请在事务边上加一个取消边界事件。",
        remedy_en="Put a cancel event on its border.",
    ),
    "cancel_in_loop": Sentence(
        zh="循环或多实例的事务不能有取消结束事件：其余各次是否也要撤销，图里没有说明。",
        en="A transaction that loops cannot be cancelled: nothing drawn says whether its other instances are undone.",
        remedy_zh="请把事务放进一个多实例子流程，在里面取消。",
        remedy_en="Put the transaction into a sub-process that loops, and cancel it there.",
    ),
    "two_loops": Sentence(
        zh="同时有多实例和标准循环。",
        en="It has both a multi-instance and a standard loop.",
        remedy_zh="请只保留一种。",
        remedy_en="Keep one.",
    ),
    "two_lanes": Sentence(
        zh="节点 {node} 同时在泳道 {other} 里。",
        en="The node {node} is in the lane {other} as well.",
        remedy_zh="请只放进一条泳道。",
        remedy_en="Put it into one lane.",
    ),
    "assignment_target": Sentence(
        zh="赋值的目标「{text}」不是变量名。",
        en="The assignment's target “{text}” is no variable's name.",
        remedy_zh="请填写一个变量名；要改其中的字段请用脚本。",
        remedy_en="Name a variable; to change a field in one use a script.",
    ),
    "called_without_start": Sentence(
        zh="被调用的流程 {process} 没有普通的开始。",
        en="The called process {process} has no plain start.",
        remedy_zh="请给它加一个普通的开始事件。",
        remedy_en="Give it a plain start event.",
    ),
    "parameter_unknown": Sentence(
        zh="服务 {service} 没有参数 {parameter}，它的参数是 {known}。",
        en="The service {service} has no parameter {parameter}; it has {known}.",
        remedy_zh="请更正参数名；jigai services show {service} 列出全部参数。",
        remedy_en="Correct the name; `jigai services show {service}` lists them all.",
    ),
    "parameter_missing": Sentence(
        zh="服务 {service} 缺少参数 {parameter}。",
        en="The service {service} needs the parameter {parameter}.",
        remedy_zh="请填写这个参数。",
        remedy_en="Give it.",
    ),
    "activation_missing": Sentence(
        zh="复杂网关没有激活条件。",
        en="The complex gateway has no activation condition.",
        remedy_zh="请填写 activationCondition，例如 activationCount >= 2。",
        remedy_en="Write an activationCondition, such as activationCount >= 2.",
    ),
    "quantity_without_flow": Sentence(
        zh="startQuantity 大于 1 的活动要有流入的连线，且不能紧接在基于事件的网关之后。",
        en="An activity that waits for several tokens needs an incoming flow, and not from an event-based gateway.",
        remedy_zh="请改为 1，或接上连线。",
        remedy_en="Make it 1, or draw a flow to it.",
    ),
    "instantiate_place": Sentence(
        zh="启动流程的「{name}」不能有流入的连线，不能在子流程里，也不能循环或带边界事件。",
        en="What begins a process (“{name}”) has no sub-process around it, incoming flow, loop or border event.",
        remedy_zh="请删除 instantiate，或移到流程最外层的开头。",
        remedy_en="Remove instantiate, or move it to where the process begins.",
    ),
    "instantiate_kind": Sentence(
        zh="启动流程的网关之后只能是消息或信号（「{target}」不是）。",
        en="A gateway that begins a process leads to messages and signals only (“{target}” is neither).",
        remedy_zh="请更正。",
        remedy_en="Correct it.",
    ),
    "event_definition_missing": Sentence(
        zh="没有说明等待什么。",
        en="It does not say what it waits for.",
        remedy_zh="请选择消息、定时、信号等类型。",
        remedy_en="Choose a message, timer, signal or the like.",
    ),
    "condition_missing": Sentence(
        zh="条件事件没有条件。",
        en="The conditional event has no condition.",
        remedy_zh="请填写条件。",
        remedy_en="Write a condition.",
    ),
    "link_name_missing": Sentence(
        zh="链接事件没有名称。",
        en="The link event has no name.",
        remedy_zh="请填写名称。",
        remedy_en="Name it.",
    ),
    "link_target": Sentence(
        zh="链接「{name}」应有且只有一个捕获端，现在有 {count} 个。",
        en="The link “{name}” needs exactly one catching end and has {count}.",
        remedy_zh="请在同一范围内画一个同名的捕获链接事件。",
        remedy_en="Draw one catching link of that name here.",
    ),
    "reference_missing": Sentence(
        zh="没有填写 {attribute}。",
        en="{attribute} is missing.",
        remedy_zh="请选择要引用的定义。",
        remedy_en="Choose what it refers to.",
    ),
    "reference_unknown": Sentence(
        zh="{attribute} 引用的「{reference}」不存在。",
        en="{attribute} refers to “{reference}”, which does not exist.",
        remedy_zh="请定义它或更正引用。",
        remedy_en="Define it or correct the reference.",
    ),
    "timer_missing": Sentence(
        zh="定时事件没有时间。",
        en="The timer has no time.",
        remedy_zh="请填写 timeDate、timeDuration 或 timeCycle 之一。",
        remedy_en="Write one of timeDate, timeDuration, timeCycle.",
    ),
    "bad_time": Sentence(
        zh="时间「{text}」有误：{reason}",
        en="The time “{text}” is wrong: {reason}",
        remedy_zh="请按 ISO 8601 填写，例如 PT5M、2026-01-31。",
        remedy_en="Write ISO 8601, such as PT5M or 2026-01-31.",
    ),
    "start_timer_unreadable": Sentence(
        zh="定时开始事件的时间在部署时无法确定：{reason}",
        en="The time of a timer start cannot be worked out at deployment: {reason}",
        remedy_zh="请填写固定的 ISO 8601 时间，或不使用变量的表达式。",
        remedy_en="Write an ISO 8601 time, or an expression without variables.",
    ),
    "start_with_incoming": Sentence(
        zh="开始事件不能有流入的连线。",
        en="A start event cannot have an incoming flow.",
        remedy_zh="请删除流入的连线。",
        remedy_en="Remove the incoming flow.",
    ),
    "end_with_outgoing": Sentence(
        zh="结束事件不能有流出的连线。",
        en="An end event cannot have an outgoing flow.",
        remedy_zh="请删除流出的连线。",
        remedy_en="Remove the outgoing flow.",
    ),
    "boundary_without_host": Sentence(
        zh="边界事件没有附着在活动上（{host}）。",
        en="The boundary event is attached to no activity ({host}).",
        remedy_zh="请把它拖到活动的边上。",
        remedy_en="Attach it to an activity.",
    ),
    "boundary_with_incoming": Sentence(
        zh="边界事件不能有流入的连线。",
        en="A boundary event cannot have an incoming flow.",
        remedy_zh="请删除流入的连线。",
        remedy_en="Remove the incoming flow.",
    ),
    "error_not_interrupting": Sentence(
        zh="错误边界事件必须是中断的。",
        en="An error boundary event always interrupts.",
        remedy_zh="请删除 cancelActivity=「false」。",
        remedy_en="Remove cancelActivity=“false”.",
    ),
    "event_subprocess_with_flow": Sentence(
        zh="事件子流程不能有连线。",
        en="An event sub-process cannot have flows.",
        remedy_zh="请删除它的连线。",
        remedy_en="Remove its flows.",
    ),
    "event_subprocess_start": Sentence(
        zh="事件子流程应有且只有一个带触发器的开始事件。",
        en="An event sub-process needs exactly one start event, with a trigger.",
        remedy_zh="请给开始事件选择消息、定时、错误等类型。",
        remedy_en="Give its start a message, timer, error or the like.",
    ),
    "subprocess_start_kind": Sentence(
        zh="嵌入子流程的开始事件不能有触发器。",
        en="The start of an embedded sub-process cannot have a trigger.",
        remedy_zh="请改为普通开始事件。",
        remedy_en="Make it a plain start event.",
    ),
    "start_kind": Sentence(
        zh="流程不能由 {kind} 事件启动。",
        en="A process cannot be started by a {kind} event.",
        remedy_zh="请改用普通、消息、信号或定时开始事件。",
        remedy_en="Use a plain, message, signal or timer start event.",
    ),
    "several_starts": Sentence(
        zh="有多个普通开始事件。",
        en="There is more than one plain start event.",
        remedy_zh="请只保留一个。",
        remedy_en="Keep one.",
    ),
    "unreachable": Sentence(
        zh="没有连线到达这里，它永远不会执行。",
        en="No flow leads here, so it would never run.",
        remedy_zh="请连上或删除它。",
        remedy_en="Connect it or remove it.",
    ),
    "default_unknown": Sentence(
        zh="默认连线 {flow} 不是它流出的连线。",
        en="The default flow {flow} does not leave it.",
        remedy_zh="请重新选择默认连线。",
        remedy_en="Choose the default flow again.",
    ),
    "flow_without_condition": Sentence(
        zh="连线「{flow}」既没有条件，也不是默认连线。",
        en="The flow “{flow}” has no condition and is not the default.",
        remedy_zh="请填写条件或设为默认连线。",
        remedy_en="Write a condition or make it the default.",
    ),
    "condition_ignored": Sentence(
        zh="从这种网关流出的连线「{flow}」不能有条件。",
        en="The flow “{flow}” out of such a gateway cannot have a condition.",
        remedy_zh="请删除条件，或改用排他或包容网关。",
        remedy_en="Remove it, or use an exclusive or inclusive gateway.",
    ),
    "event_gateway_outgoing": Sentence(
        zh="基于事件的网关至少要有两条流出的连线。",
        en="An event-based gateway needs two outgoing flows at least.",
        remedy_zh="请再画一条。",
        remedy_en="Draw another.",
    ),
    "event_gateway_target": Sentence(
        zh="基于事件的网关之后只能是仅由它流入的捕获事件或接收任务（「{target}」不是）。",
        en="An event-based gateway leads only to catch events and receive tasks of its own (“{target}” is not).",
        remedy_zh="请更正。",
        remedy_en="Correct it.",
    ),
    "name_too_long": Sentence(
        zh="{attribute} 超过 {limit} 个字符。",
        en="Its {attribute} is longer than {limit} characters.",
        remedy_zh="请缩短；说明可以写在 documentation 里。",
        remedy_en="Shorten it; explanations belong into documentation.",
    ),
    "duplicate_file": Sentence(
        zh="同一次部署里有两个文件叫 {name}。",
        en="Two files of this deployment are called {name}.",
        remedy_zh="请改用不同的文件名。",
        remedy_en="Give them different names.",
    ),
    "concurrent_write": Sentence(
        zh="并行分支里 {other} 也写变量 {name}，后完成的会覆盖先完成的。",
        en="In a parallel branch {other} writes {name}, too; whichever ends last wins.",
        remedy_zh="如果不是有意如此，请改用不同的变量名。",
        remedy_en="Unless that is meant, use two names.",
    ),
    **OF_DECISIONS,
}
