"""What may be wrong with decision tables, in sentences for people."""

from __future__ import annotations

from collections.abc import Mapping

from engine.sentences import Sentence

OF_DECISIONS: Mapping[str, Sentence] = {
    "dmn_not_definitions": Sentence(
        zh="不是 DMN 文件：根元素应为 DMN 1.1 至 1.5 的 definitions。",
        en="This is no DMN file: the root element must be definitions of DMN 1.1 to 1.5.",
        remedy_zh="请用决策表编辑器重新导出。",
        remedy_en="Export it again from the editor of decision tables.",
    ),
    "dmn_id": Sentence(
        zh="决策的 id「{id}」为空或重复。",
        en="The decision's id “{id}” is empty or used twice.",
        remedy_zh="请为每个决策起一个不同的 id。",
        remedy_en="Give every decision an id of its own.",
    ),
    "dmn_unsupported": Sentence(
        zh="决策表不支持元素 {tag}。",
        en="Decisions do not support the element {tag}.",
        remedy_zh="请改用决策表或文字表达式。",
        remedy_en="Use a decision table or a literal expression instead.",
    ),
    "dmn_logic": Sentence(
        zh="决策应恰好有一张决策表或一个文字表达式。",
        en="A decision must have exactly one decision table or literal expression.",
        remedy_zh="请补充决策表，或删去多余的内容。",
        remedy_en="Add a decision table or remove what is too much.",
    ),
    "dmn_hit_policy": Sentence(
        zh="不支持命中策略 {policy}。",
        en="The hit policy {policy} is not supported.",
        remedy_zh="请改用 UNIQUE、FIRST 或 COLLECT。",
        remedy_en="Use UNIQUE, FIRST or COLLECT instead.",
    ),
    "dmn_aggregation": Sentence(
        zh="汇总方式 {aggregation} 在这里不能使用。",
        en="The aggregation {aggregation} cannot be used here.",
        remedy_zh="汇总只用于只有一个输出的 COLLECT 表，方式为 SUM、MIN、MAX 或 COUNT。",
        remedy_en="Aggregate COLLECT tables with a single output only, by SUM, MIN, MAX or COUNT.",
    ),
    "dmn_language": Sentence(
        zh="不支持表达式语言 {used}。",
        en="The expression language {used} is not supported.",
        remedy_zh="请改用 FEEL。",
        remedy_en="Use FEEL instead.",
    ),
    "dmn_type": Sentence(
        zh="不支持类型 {type}。",
        en="The type {type} is not supported.",
        remedy_zh="请改用 string、number、boolean、date、dateTime、time 或 dayTimeDuration。",
        remedy_en="Use string, number, boolean, date, dateTime, time or dayTimeDuration.",
    ),
    "dmn_input_empty": Sentence(
        zh="输入列没有表达式。",
        en="The input column has no expression.",
        remedy_zh="请填写这一列读取的变量。",
        remedy_en="Say which variable the column reads.",
    ),
    "dmn_output_names": Sentence(
        zh="决策表至少要有一个输出列，每个输出列要有不同的名称。",
        en="A decision table needs an output column, and each of them a name of its own.",
        remedy_zh="请填写输出列的名称（name）。",
        remedy_en="Fill in the output columns' names.",
    ),
    "dmn_rule_width": Sentence(
        zh="第 {rule} 条规则的单元格数与列数不一致。",
        en="Rule {rule} has more or fewer cells than the table has columns.",
        remedy_zh="请补齐或删去单元格。",
        remedy_en="Add or remove cells.",
    ),
    "dmn_bad_cell": Sentence(
        zh="单元格「{text}」有误：{reason}",
        en="The cell “{text}” is wrong: {reason}",
        remedy_zh="请更正单元格；支持的写法见 docs/reference/decisions.md。",
        remedy_en="Correct the cell; docs/reference/decisions.md says what may be written.",
    ),
    "dmn_bad_expression": Sentence(
        zh="表达式「{text}」有误：{reason}",
        en="The expression “{text}” is wrong: {reason}",
        remedy_zh="请更正表达式；文本要加英文引号。",
        remedy_en="Correct the expression; texts stand in double quotes.",
    ),
    "dmn_cell_type": Sentence(
        zh="「{label}」列的「{text}」不是{expected}。",
        en="“{text}” in the column “{label}” is not of the column's type ({expected}).",
        remedy_zh="请更正单元格，或修改这一列的类型。",
        remedy_en="Correct the cell or change the column's type.",
    ),
    "dmn_bare_name": Sentence(
        zh="「{text}」没有加引号，会被当作变量名。",
        en="“{text}” stands without quotes and is read as a variable's name.",
        remedy_zh='如果是文本，请写成 "{text}"。',
        remedy_en='If it is a text, write "{text}".',
    ),
    "dmn_not_allowed": Sentence(
        zh="「{text}」不在「{label}」列预定义的值之中。",
        en="“{text}” is none of the predefined values of the column “{label}”.",
        remedy_zh="请改用预定义的值，或补充预定义的值。",
        remedy_en="Use one of the predefined values, or add this one to them.",
    ),
    "dmn_duplicate_rule": Sentence(
        zh="第 {rule} 条规则与第 {other} 条重复。",
        en="Rule {rule} repeats rule {other}.",
        remedy_zh="请删去其中一条。",
        remedy_en="Remove one of them.",
    ),
    "dmn_overlap": Sentence(
        zh="第 {rule} 条规则与第 {other} 条可能同时命中，而 UNIQUE 表只允许命中一条。",
        en="Rules {rule} and {other} can hit together, and a UNIQUE table allows only one hit.",
        remedy_zh="请让两条规则的条件互不重叠，或把命中策略改为 FIRST。",
        remedy_en="Make their conditions exclude each other, or change the hit policy to FIRST.",
    ),
    "dmn_gap": Sentence(
        zh="「{inputs}」没有规则。",
        en="No rule hits “{inputs}”.",
        remedy_zh="请补充规则，或填写默认输出。",
        remedy_en="Add a rule, or a default output.",
    ),
    "dmn_never_hits": Sentence(
        zh="第 {rule} 条规则永远不会命中。",
        en="Rule {rule} can never hit.",
        remedy_zh="请更正它的条件，或者删去它；FIRST 表里前面的规则先命中。",
        remedy_en="Correct its conditions or remove it; in a FIRST table the rules above it hit first.",
    ),
    "dmn_import": Sentence(
        zh="不支持引入其他文件的模型「{name}」。",
        en="Importing the model of another file (“{name}”) is not supported.",
        remedy_zh="请把所需的决策放进同一个文件。",
        remedy_en="Put the decisions that are needed into this file.",
    ),
    "dmn_required_elsewhere": Sentence(
        zh="所需的决策「{decision}」不在这个文件里。",
        en="The required decision “{decision}” is not one of this file.",
        remedy_zh="请把所需的决策放进同一个文件，并以 #编号 引用。",
        remedy_en="Put it into this file and refer to it as #id.",
    ),
    "dmn_required_unknown": Sentence(
        zh="这个文件里没有所需的决策「{decision}」。",
        en="The required decision “{decision}” is not in this file.",
        remedy_zh="请把所需的决策放进同一个文件，或删去连线。",
        remedy_en="Put the required decision into the same file, or remove the requirement.",
    ),
    "dmn_required_cycle": Sentence(
        zh="决策互相依赖：{circle}。",
        en="Decisions require each other: {circle}.",
        remedy_zh="请断开其中一条连线。",
        remedy_en="Remove one of the requirements.",
    ),
}
