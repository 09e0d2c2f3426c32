"""What may be wrong with events, and with what starts, catches and undoes, in sentences for people."""

from __future__ import annotations

from collections.abc import Mapping

from engine.sentences import Sentence

OF_EVENTS: Mapping[str, Sentence] = {
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
    "association_of_event": Sentence(
        zh="事件的数据关联最多一条，且只有消息、信号、错误、升级事件带数据；有几个定义的事件不行。",
        en="An event has one data association at most, and only messages, signals, errors and escalations carry data.",
        remedy_zh="请删除多余的关联，用脚本任务搬运其余的数据。",
        remedy_en="Remove what is too much, and let a script task carry other data.",
    ),
    "association_computes": Sentence(
        zh="捕获事件的数据关联不能带计算。",
        en="A data association of a catching event cannot compute.",
        remedy_zh="请先存入变量，再用脚本任务计算。",
        remedy_en="Keep the payload in a variable and compute in a script task.",
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
    "compensation_with_flow": Sentence(
        zh="补偿边界事件不能有流出的连线。",
        en="A compensation event on a border cannot have an outgoing flow.",
        remedy_zh="请删除连线，用关联线连到补偿活动。",
        remedy_en="Remove the flow and draw an association to the compensation activity.",
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
    "event_definition_missing": Sentence(
        zh="没有说明等待什么。",
        en="It does not say what it waits for.",
        remedy_zh="请选择消息、定时、信号等类型。",
        remedy_en="Choose a message, timer, signal or the like.",
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
    "reference_nested": Sentence(
        zh="{attribute} 引用的「{reference}」写在别的事件里，能共用的只有文件顶层的定义。",
        en="{attribute} refers to “{reference}”, which is another event's; only those at the top can be shared.",
        remedy_zh="请把它移到 definitions 之下。",
        remedy_en="Move it to the top of the file, under definitions.",
    ),
    "link_with_flow": Sentence(
        zh="链接「{name}」的抛出端不能有流出的连线，捕获端不能有流入的连线。",
        en="The link “{name}” cannot have flows out of its throwing end, or into its catching one.",
        remedy_zh="请删除这条连线；需要另一条路时用网关。",
        remedy_en="Remove the flow; where there is to be another way use a gateway.",
    ),
    "link_contradiction": Sentence(
        zh="链接「{name}」的 {attribute} 指向「{reference}」，而那里的链接名不同。",
        en="The link “{name}” has “{reference}” as its {attribute}, which is a link of another name.",
        remedy_zh="请让两端同名，或删除 {attribute}。",
        remedy_en="Give both ends one name, or remove {attribute}.",
    ),
    "code_missing": Sentence(
        zh="要抛出的 {kind} 没有写 {attribute}，谁也无法按代码捕获它。",
        en="What is thrown as {kind} has no {attribute} by which it could be caught.",
        remedy_zh="请在被引用的定义里填写 {attribute}。",
        remedy_en="Write {attribute} in the definition that it refers to.",
    ),
    "caught_twice": Sentence(
        zh="「{host}」有两处捕获同样的 {kind}，先后没有规定。",
        en="Two catch the same {kind} of “{host}”, and nothing says which goes first.",
        remedy_zh="请合并它们，或让它们捕获不同的代码。",
        remedy_en="Make them one, or let them catch different codes.",
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
}
