"""Decision tables in the shape dmn-js writes, and what each cell of them means."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape

import pytest

from engine.decisions import read_decisions
from engine.errors import DecisionError, ExpressionError

DMN_13 = "https://www.omg.org/spec/DMN/20191111/MODEL/"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<definitions xmlns="{namespace}" xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" '
    'xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/" xmlns:biodi="http://bpmn.io/schema/dmn/biodi/2.0" '
    'id="definitions_1" name="DRD" namespace="http://camunda.org/schema/1.0/dmn" '
    'exporter="dmn-js (https://demo.bpmn.io/dmn)" exporterVersion="17.1.0">\n'
)
DIAGRAM = (
    '  <dmndi:DMNDI>\n    <dmndi:DMNDiagram id="DMNDiagram_1">\n      <dmndi:DMNShape id="Shape_1" '
    'dmnElementRef="table"><dc:Bounds height="80" width="180" x="160" y="80" /></dmndi:DMNShape>\n'
    "    </dmndi:DMNDiagram>\n  </dmndi:DMNDI>\n"
)
FUNCTIONS = {"today": lambda: date(2026, 3, 1), "now": lambda: datetime(2026, 3, 1, 1, tzinfo=UTC)}


def text(content):
    return f"<text>{content if content.startswith('<![CDATA[') else escape(content)}</text>"


def decision(inputs, outputs, rules, *, policy="", id="table", extra="", name="测试表"):
    """One `decision` element: its inputs (expression, type), outputs (name, type, inner), rules."""
    lines = [f'  <decision id="{id}" name="{name}">', extra, f'    <decisionTable id="{id}_logic"{policy}>']
    for number, (expression, kind) in enumerate(inputs, 1):
        lines += [
            f'      <input id="{id}_input_{number}" label="列{number}" biodi:width="192">',
            f'        <inputExpression id="{id}_expression_{number}"{kind and f" typeRef={kind!r}"}>',
            f"          {text(expression)}",
            "        </inputExpression>",
            "      </input>",
        ]
    for number, (output, kind, inner) in enumerate(outputs, 1):
        lines.append(
            f'      <output id="{id}_output_{number}" name="{output}"{kind and f" typeRef={kind!r}"}>{inner}</output>'
        )
    for number, (cells, results) in enumerate(rules, 1):
        lines += [f'      <rule id="{id}_rule_{number}">', "        <description>依据</description>"]
        for index, cell in enumerate(cells):
            lines += [
                f'        <inputEntry id="{id}_in_{number}_{index}">',
                f"          {text(cell)}",
                "        </inputEntry>",
            ]
        for index, result in enumerate(results):
            lines += [
                f'        <outputEntry id="{id}_out_{number}_{index}">',
                f"          {text(result)}",
                "        </outputEntry>",
            ]
        lines.append("      </rule>")
    return "\n".join([*lines, "    </decisionTable>", "  </decision>", ""])


def dmn(*decisions, namespace=DMN_13):
    return (HEAD.format(namespace=namespace) + "".join(decisions) + DIAGRAM + "</definitions>\n").encode()


def table(*args, **keywords):
    decisions, problems = read_decisions(dmn(decision(*args, **keywords)), "t.dmn")
    assert [str(p) for p in problems if p.severity == "error"] == []
    return decisions[0]


def hits(cell, value, kind="", **variables):
    """Whether one cell of a FIRST table hits the value."""
    rules = [([cell], ["true"]), (["-"], ["false"])] if cell.strip() not in ("", "-") else [([cell], ["true"])]
    made = table([("v", kind)], [("hit", "boolean", "")], rules, policy=' hitPolicy="FIRST"')
    return made.evaluate({"v": value, **variables}, FUNCTIONS).outputs["hit"]


def without_gaps(problems):
    return [p for p in problems if p.code != "dmn_gap"]


def problems_of(*args, **keywords):
    return without_gaps(read_decisions(dmn(decision(*args, **keywords)), "t.dmn")[1])


@pytest.mark.parametrize(
    ("cell", "kind", "matching", "others"),
    [
        ("-", "string", ["a", None], []),
        ("", "", [1, None, True], []),
        ('"新建"', "string", ["新建"], ["扩建", None, ""]),
        ('"新建","扩建"', "string", ["新建", "扩建"], ["迁建", None]),
        ('not("新建","扩建")', "string", ["迁建", None], ["新建", "扩建"]),
        ('not("新建")', "string", ["扩建"], ["新建"]),
        ('"a,b", "c\\"d"', "string", ["a,b", 'c"d'], ["a", "b"]),
        ("100", "number", [100, 100.0, Decimal("100.50") - Decimal("0.5"), "100"], [101, None]),
        ("0.1", "number", [0.1, Decimal("0.1"), "0.10"], [Decimal("0.11")]),
        ("1, 3, [5..7]", "number", [1, 3, 5, 6, 7], [2, 4, 8]),
        ("not([5..7], 1)", "number", [0, 8, None], [1, 5, 7]),
        ("< 5", "number", [4, Decimal("4.9")], [5, None]),
        ("<=5", "number", [5], [5.1]),
        (">5", "number", [6], [5]),
        (">= 5", "number", [5], [4]),
        ("= 5", "number", [5], [4]),
        ("!= 5", "number", [4], [5]),
        ("-5", "number", [-5], [5]),
        ("< 0, > 10", "number", [-1, 11], [0, 5, 10]),
        ("[1..5]", "number", [1, 5, 3.3], [0, 6, None]),
        ("(1..5)", "number", [2], [1, 5]),
        ("]1..5[", "number", [2], [1, 5]),
        ("[1..5)", "number", [1], [5]),
        ("(1..5]", "number", [5], [1]),
        ("]1..5[, 9", "number", [2, 9], [1, 5]),
        ("[1.5..2.5]", "number", [1.5, 2], [1.4, 2.6]),
        ("[-5..-1]", "number", [-5, -1], [0]),
        ("[(1+1)..total]", "number", [2, 50], [1, 51]),
        ("true", "boolean", [True], [False, None]),
        ("false", "boolean", [False], [True, None]),
        ("not(true)", "boolean", [False, None], [True]),
        ("true", "", [True], [1, "true"]),
        ("1", "", [1, Decimal(1)], [True, "1"]),
        ("null", "", [None], [0, False, ""]),
        ("not(null)", "string", ["a"], [None]),
        ('date("2026-03-01")', "date", [date(2026, 3, 1), "2026-03-01"], [date(2026, 3, 2)]),
        ('< date("2026-03-01")', "date", [date(2026, 2, 28), "2026-02-28"], ["2026-03-01"]),
        (
            '[date("2026-03-01")..date("2026-03-31")]',
            "date",
            [date(2026, 3, 1), "2026-03-31", datetime(2026, 2, 28, 16, tzinfo=UTC)],
            [date(2026, 4, 1), datetime(2026, 2, 28, 15, tzinfo=UTC)],
        ),
        (
            'date and time("2026-03-01T09:00:00")',
            "dateTime",
            [datetime(2026, 3, 1, 1, tzinfo=UTC), "2026-03-01T09:00:00+08:00"],
            ["2026-03-01T09:00:00Z"],
        ),
        ('> duration("P3D")', "dayTimeDuration", [timedelta(days=4), "P4D"], ["PT72H"]),
        ("> today", "date", [date(2026, 3, 2)], [date(2026, 3, 1)]),
        (">= today() - duration('P1M')", "date", [date(2026, 2, 1)], [date(2026, 1, 31)]),
        (">= total * 0.2", "number", [10, Decimal(10)], [9.99]),
        ("names", "string", ["x", "y"], ["z"]),
        ("not(names)", "string", ["z"], ["x"]),
        ('"a" + "b"', "string", ["ab"], ["a"]),
        (".5", "number", [0.5, Decimal("0.5"), ".5"], [5]),
        ("[.5..1.5]", "number", [0.5, 1, "1.5"], [0.4]),
        ("1e3", "number", [1000, "1E3"], [1]),
        ("  <\n 5 ,\n > 10  ", "number", [4, 11], [5, 10]),
        ("not( < 5 , [10..20] )", "number", [5, 9, 21, None], [4, 10]),
        ("not(null, 5)", "number", [6], [None, 5]),
        ("null, 5", "number", [None, 5], [6]),
        ("]5..10]", "number", [6, 10], [5, 11]),
        ("[5..10[", "number", [5, 9], [10, 4]),
        ("5", "integer", [5, "5", 5.0, Decimal("5.00")], [6, None]),
        ("> 0.5", "long", [1, "1"], [0]),
        ('"a" , "date and time(b)"', "string", ["a", "date and time(b)"], ["datetime(b)"]),
        ('"，「」“”", "\'"', "string", ["，「」“”", "'"], [",", '"']),
        ('"a\\\\b"', "string", ["a\\b"], ["a\\\\b"]),
        ('"[1..5]"', "string", ["[1..5]"], ["1"]),
        ('"not(\\"a\\")"', "string", ['not("a")'], ["a", "b"]),
        ('"> 5", "-"', "string", ["> 5", "-"], ["6", ""]),
        ('""', "string", [""], [None, " "]),
        ('@"2026-03-01"', "date", [date(2026, 3, 1)], [date(2026, 3, 2)]),
        ('[@"2026-03-01"..@"2026-03-31"]', "date", ["2026-03-31"], ["2026-04-01"]),
        ('< @"2026-03-01T09:00:00"', "dateTime", ["2026-03-01T08:59:00"], ["2026-03-01T09:00:00"]),
        ('@"12:00:00", > @"18:00:00"', "time", ["12:00", "18:00:01"], ["18:00", "11:00"]),
        ('>= @"P1D"', "dayTimeDuration", ["PT24H"], ["PT23H"]),
        ('> date and time("2026-03-01T09:00:00Z")', "dateTime", ["2026-03-01T17:00:01+08:00"], ["2026-03-01T17:00:00"]),
        ("[low..high)", "number", [10], [9, 20]),
        ("item.price * 2", "number", [14], [7]),
        ("FEEL", "string", ["yes"], ["FEEL"]),
    ],
)
def test_a_cell_hits_what_dmn_says(cell, kind, matching, others):
    variables = {"total": 50, "names": ["x", "y"], "low": 10, "high": 20, "item": {"price": 7}, "FEEL": "yes"}
    for value in matching:
        assert hits(cell, value, kind, **variables), value
    for value in others:
        assert not hits(cell, value, kind, **variables), value


@pytest.mark.parametrize(
    "content",
    ["&#34;新建&#34;,&#34;扩建&#34;", '<![CDATA["新建","扩建"]]>', "&quot;新建&quot;, &quot;扩建&quot;"],
)
def test_escaped_texts_and_cdata_are_the_same_cell(content):
    source = dmn(
        decision(
            [("nature", "string")],
            [("ok", "boolean", "")],
            [(["CELL"], ["true"])],
            policy=' hitPolicy="COLLECT"',
        )
    )
    decisions, problems = read_decisions(source.replace(b"CELL", content.encode()), "t.dmn")
    assert problems == []
    assert decisions[0].evaluate({"nature": "扩建"}).outputs == [{"ok": True}]


@pytest.mark.parametrize(
    "namespace",
    ["http://www.omg.org/spec/DMN/20151101/dmn.xsd", "http://www.omg.org/spec/DMN/20180521/MODEL/", DMN_13],
)
def test_dmn_1_1_to_1_3_are_read(namespace):
    source = dmn(decision([], [("n", "", "")], [([], ["1"])]), namespace=namespace)
    decisions, problems = read_decisions(source, "t.dmn")
    assert problems == []
    assert decisions[0].evaluate({}).outputs == {"n": 1}


GRADES = [(["< 10"], ['"low"', "1"]), (["[10..20]"], ['"mid"', ""]), (["> 20"], ['"high"', "amount * 2"])]
LEVELS = [("level", "string", ""), ("weight", "number", "")]


def test_a_unique_table_gives_the_outputs_of_its_one_hit():
    grades = table([("amount", "number")], LEVELS, GRADES)
    assert grades.evaluate({"amount": 5}).outputs == {"level": "low", "weight": 1}
    result = grades.evaluate({"amount": Decimal(30)})
    assert (result.outputs, result.matched) == ({"level": "high", "weight": Decimal(60)}, ["table_rule_3"])


def test_an_output_left_empty_is_its_default_or_else_none():
    assert table([("amount", "number")], LEVELS, GRADES).evaluate({"amount": 10}).outputs["weight"] is None
    default = '<defaultOutputEntry id="d"><text>7</text></defaultOutputEntry>'
    with_default = [LEVELS[0], ("weight", "number", default)]
    grades = table([("amount", "number")], with_default, GRADES)
    assert grades.evaluate({"amount": 10}).outputs == {"level": "mid", "weight": 7}
    assert grades.evaluate({"amount": None}).outputs == {"level": None, "weight": 7}


@pytest.mark.parametrize("policy", ["", ' hitPolicy="UNIQUE"', ' hitPolicy="FIRST"'])
def test_no_hit_without_a_default_is_an_error_that_names_the_table(policy):
    grades = table([("amount", "number")], LEVELS, GRADES, policy=policy)
    with pytest.raises(DecisionError, match="「测试表」没有一条规则命中") as error:
        grades.evaluate({"amount": None})
    assert error.value.decision_id == "table"


def test_a_second_unique_hit_is_an_error_that_names_the_rules():
    grades = table([("amount", "number")], [("n", "", "")], [(["> 1"], ["1"]), (["> 2"], ["2"]), (["> 3"], ["3"])])
    with pytest.raises(DecisionError, match="第 1、2 条") as error:
        grades.evaluate({"amount": 3})
    assert error.value.rules == (1, 2)


def test_first_takes_the_first_hit_and_works_out_no_other():
    first = table([("v", "")], [("n", "", "")], [(["-"], ["1"]), (["> nothing"], ["2"])], policy=' hitPolicy="FIRST"')
    result = first.evaluate({"v": 5})
    assert (result.outputs, result.matched) == ({"n": 1}, ["table_rule_1"])


def test_collect_gives_every_hit_in_the_order_of_the_rules():
    rules = [(["> 1"], ["1"]), (["> 5"], ["2"]), (["> 2"], ["3"])]
    collect = table([("v", "number")], [("n", "", "")], rules, policy=' hitPolicy="COLLECT"')
    result = collect.evaluate({"v": 3})
    assert (result.outputs, result.matched) == ([{"n": 1}, {"n": 3}], ["table_rule_1", "table_rule_3"])
    assert collect.evaluate({"v": 0}).outputs == []


@pytest.mark.parametrize(
    ("how", "some", "none"), [("SUM", 4, None), ("MIN", 1, None), ("MAX", 3, None), ("COUNT", 2, 0)]
)
def test_collect_can_aggregate_one_output(how, some, none):
    rules = [(["> 1"], ["1"]), (["> 5"], ["2"]), (["> 2"], ["3"])]
    made = table([("v", "number")], [("n", "", "")], rules, policy=f' hitPolicy="COLLECT" aggregation="{how}"')
    assert made.evaluate({"v": 3}).outputs == {"n": some}
    assert made.evaluate({"v": 0}).outputs == {"n": none}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "abc"),
        ("number", True),
        ("boolean", "true"),
        ("boolean", 1),
        ("date", "soon"),
        ("string", 5),
        ("integer", 5.5),
        ("integer", "5.5"),
        ("integer", "1E+999999999"),
        ("number", "1E+999999999"),
        ("number", "9" * 5_000),
        ("number", "NaN"),
        ("time", "12:00:00+08:00"),
        ("time", "noon"),
        ("dayTimeDuration", "P1M"),
        ("dateTime", "2026-13-01"),
    ],
)
def test_an_input_of_the_wrong_type_is_an_error_and_not_a_miss(kind, value):
    with pytest.raises(DecisionError, match="输入「列1」：应为"):
        hits("null", value, kind)


def test_a_missing_variable_is_an_error_that_names_it():
    with pytest.raises(DecisionError, match="变量「v」没有值"):
        table([("v", "")], [("n", "", "")], [(["-"], ["1"])]).evaluate({})


def test_a_text_is_not_compared_with_a_number():
    with pytest.raises(DecisionError, match="第 1 条规则：数字与文本不能比较大小"):
        hits("> 5", "10")


def test_required_decisions_are_worked_out_first():
    need = '<informationRequirement id="r"><requiredDecision href="#rate" /></informationRequirement>'
    rate = decision([("kind", "string")], [("rate", "number", "")], [(['"a"'], ["0.2"]), (['"b"'], ["0.4"])], id="rate")
    least = (
        f'  <decision id="least" name="最低">\n    <variable name="least_amount" />\n    {need}\n'
        '    <literalExpression id="l"><text>total * rate</text></literalExpression>\n  </decision>\n'
    )
    final = decision(
        [("amount >= least_amount", "boolean")],
        [("ok", "boolean", "")],
        [(["true"], ["true"]), (["false"], ["false"])],
        id="final",
        extra=need.replace("#rate", "#least").replace('"r"', '"r2"'),
    )
    decisions, problems = read_decisions(dmn(final, least, rate), "t.dmn")
    assert without_gaps(problems) == []
    by_id = {each.id: each for each in decisions}
    assert by_id["least"].evaluate({"kind": "b", "total": 100}).outputs == {"least_amount": 40.0}
    assert by_id["final"].evaluate({"kind": "a", "total": 100, "amount": 30}).outputs == {"ok": True}
    assert by_id["final"].evaluate({"kind": "b", "total": 100, "amount": 30}).outputs == {"ok": False}


def test_a_required_decision_is_also_there_under_its_id():
    need = '<informationRequirement id="r"><requiredDecision href="#all" /></informationRequirement>'
    hits_ = decision([], [("n", "", "")], [([], ["1"]), ([], ["2"])], id="all", policy=' hitPolicy="COLLECT"')
    logic = "<literalExpression><text>sum(h.n for h in all)</text></literalExpression>"
    count = f'<decision id="count">{need}{logic}</decision>'
    decisions, problems = read_decisions(dmn(count, hits_), "t.dmn")
    assert problems == []
    assert decisions[0].evaluate({}).outputs == {"count": 3}


def test_decisions_that_require_each_other_are_refused():
    def needing(own, other):
        need = f'<informationRequirement><requiredDecision href="#{other}" /></informationRequirement>'
        return decision([], [("n", "", "")], [([], ["1"])], id=own, extra=need)

    decisions, problems = read_decisions(dmn(needing("a", "b"), needing("b", "a")), "t.dmn")
    assert decisions == []
    assert [p.code for p in problems] == ["dmn_required_cycle"]


UNREADABLE = [
    *("1 2", "< ", "> > 5", "[1..5", "1..5", "[1..]", "[..5]", "not 5", "not(5", "not(-)", "not(not(5))", "5,", ",5"),
    *("<5>", "== ", "[5..1]", "@", '@"2026-03-01', "?", "> 5 and < 9", "if v then 1 else 2", "v instance of number"),
    *(
        "（1，2）",
        "＞5",
        "≥5",
        "１２",
        "5、6",
        "「5」",
        "《5》",
        "１..５",
        "5；6",
        "1…5",
        "5。5",
        "＝5",
        "！=5",
        "5　,6",
    ),
]
INPUT = [("v", "number")]
OUTPUT = [("n", "number", "")]


@pytest.mark.parametrize(
    ("code", "keywords"),
    [
        ("dmn_hit_policy", {"policy": ' hitPolicy="PRIORITY"'}),
        ("dmn_hit_policy", {"policy": ' hitPolicy="RULE ORDER"'}),
        ("dmn_hit_policy", {"policy": ' hitPolicy="ANY"'}),
        ("dmn_aggregation", {"policy": ' hitPolicy="FIRST" aggregation="SUM"'}),
        ("dmn_aggregation", {"policy": ' hitPolicy="COLLECT" aggregation="AVG"'}),
        ("dmn_bad_cell", {"rules": [(["> "], ["1"])]}),
        ("dmn_bad_cell", {"rules": [(["1,,2"], ["1"])]}),
        ("dmn_bad_cell", {"rules": [(["1，2"], ["1"])]}),
        ("dmn_bad_cell", {"rules": [(["[5..1]"], ["1"])]}),
        ("dmn_bad_cell", {"rules": [(["v > 5"], ["1"])]}),
        ("dmn_bad_cell", {"rules": [(['"a'], ["1"])]}),
        ("dmn_bad_cell", {"rules": [(["not()"], ["1"])]}),
        ("dmn_bad_cell", {"rules": [(["5, -"], ["1"])]}),
        ("dmn_bad_cell", {"rules": [(["().__class__"], ["1"])]}),
        *(("dmn_bad_cell", {"rules": [([cell], ["1"])]}) for cell in UNREADABLE),
        ("dmn_bad_cell", {"inputs": [("v", "date")], "rules": [(['date("2026-02-30")'], ["1"])]}),
        ("dmn_bad_cell", {"inputs": [("v", "date")], "rules": [(['@"soon"'], ["1"])]}),
        ("dmn_bad_cell", {"inputs": [("v", "string")], "rules": [(["‘a’"], ["1"])]}),
        ("dmn_bad_cell", {"inputs": [("v", "string")], "rules": [(["「新建」，「扩建」"], ["1"])]}),
        ("dmn_cell_type", {"inputs": [("v", "boolean")], "rules": [(['"true"'], ["1"])]}),
        ("dmn_cell_type", {"inputs": [("v", "boolean")], "rules": [(["1"], ["1"])]}),
        ("dmn_cell_type", {"inputs": [("v", "time")], "rules": [(['date("2026-03-01")'], ["1"])]}),
        ("dmn_cell_type", {"inputs": [("v", "dayTimeDuration")], "rules": [(['duration("P1M")'], ["1"])]}),
        ("dmn_bad_cell", {"rules": [(['[1.."b"]'], ["1"])]}),
        ("dmn_bad_cell", {"inputs": [("v", "string")], "rules": [(['"a" "b"'], ["1"])]}),
        ("dmn_bad_cell", {"inputs": [("v", "string")], "rules": [(["“a”"], ["1"])]}),
        ("dmn_cell_type", {"rules": [(['"a"'], ["1"])]}),
        ("dmn_cell_type", {"rules": [(["true"], ["1"])]}),
        ("dmn_cell_type", {"inputs": [("v", "string")], "rules": [(["5"], ["1"])]}),
        ("dmn_cell_type", {"inputs": [("v", "date")], "rules": [(['"2026-01-01"'], ["1"])]}),
        ("dmn_cell_type", {"rules": [(["1"], ['"one"'])]}),
        ("dmn_bad_expression", {"rules": [(["1"], ["1 +"])]}),
        ("dmn_bad_expression", {"inputs": [("import os", "")], "rules": [(["1"], ["1"])]}),
        ("dmn_type", {"inputs": [("v", "tMoney")]}),
        ("dmn_rule_width", {"rules": [(["1", "2"], ["1"])]}),
        ("dmn_rule_width", {"rules": [(["1"], [])]}),
        ("dmn_duplicate_rule", {"rules": [(["1"], ["1"]), ([" 1 "], ["2"])]}),
        ("dmn_output_names", {"outputs": [("", "", "")]}),
        ("dmn_output_names", {"outputs": []}),
        (
            "dmn_required_unknown",
            {"extra": '<informationRequirement><requiredDecision href="#x"/></informationRequirement>'},
        ),
        (
            "dmn_unsupported",
            {"extra": '<knowledgeRequirement id="k"><requiredKnowledge href="#x"/></knowledgeRequirement>'},
        ),
    ],
)
def test_what_cannot_be_executed_is_refused_with_its_line(code, keywords):
    outputs = keywords.pop("outputs", OUTPUT)
    rules = keywords.pop("rules", [(["1"], ["1"] * len(outputs))])
    source = dmn(decision(keywords.pop("inputs", INPUT), outputs, rules, **keywords))
    decisions, problems = read_decisions(source, "t.dmn")
    assert code in {p.code for p in problems}
    assert all(p.line and p.line > 1 and p.element_id and p.message and p.remedy for p in problems)
    if any(p.severity == "error" for p in problems):
        assert decisions == []


@pytest.mark.parametrize(
    "logic",
    ["<context />", "<invocation />", "<functionDefinition />", "<relation />", "<list />", ""],
)
def test_boxed_logic_is_refused(logic):
    decisions, problems = read_decisions(dmn(f'<decision id="d" name="d">{logic}</decision>'), "t.dmn")
    assert decisions == []
    assert problems


@pytest.mark.parametrize("element", ["businessKnowledgeModel", "decisionService", "itemDefinition"])
def test_models_beside_decisions_are_refused(element):
    _, problems = read_decisions(dmn(f'<{element} id="x" name="x" />'), "t.dmn")
    assert [(p.code, p.element_id) for p in problems] == [("dmn_unsupported", "x")]


@pytest.mark.parametrize("place", ["<text>1</text>", "<text>2</text>"])
@pytest.mark.parametrize(
    "cell", ["<text>1</text><text>2</text>", "<text>1<b>2</b></text>", "<rule><text>1</text></rule>", "<outputEntry />"]
)
def test_what_stands_in_a_cell_beside_its_text_is_refused_and_not_lost(place, cell):
    content = dmn(decision([("n", "number")], [("x", "", "")], [(["1"], ["2"])])).replace(place.encode(), cell.encode())
    assert "dmn_unsupported" in {p.code for p in read_decisions(content, "t.dmn")[1] if p.severity == "error"}


def test_all_problems_come_at_once_each_on_its_line():
    rules = [(["> "], ["1"]), (["1"], ["1"]), (['"x"'], ["1 +"])]
    source = dmn(decision(INPUT, OUTPUT, rules))
    _, problems = read_decisions(source, "t.dmn")
    assert [(p.code, p.element_id) for p in problems] == [
        ("dmn_bad_cell", "table_in_1_0"),
        ("dmn_cell_type", "table_in_3_0"),
        ("dmn_bad_expression", "table_out_3_0"),
    ]
    lines = source.decode().split("\n")
    assert [lines[(p.line or 0) - 1].strip() for p in problems] == [
        "<text>&gt; </text>",
        '<text>"x"</text>',
        "<text>1 +</text>",
    ]
    assert {p.element_name for p in problems} == {"测试表"}


@pytest.mark.parametrize("content", [b"", b"not xml", b"<x/>", b"<!DOCTYPE x><x/>"])
def test_what_is_no_dmn_file_is_a_problem(content):
    decisions, problems = read_decisions(content, "t.dmn")
    assert decisions == []
    assert len(problems) == 1


def test_two_decisions_with_one_id_are_refused():
    one = decision([], [("n", "", "")], [([], ["1"])])
    assert "dmn_id" in {p.code for p in read_decisions(dmn(one, one), "t.dmn")[1]}


def test_another_expression_language_is_refused():
    source = dmn(decision(INPUT, OUTPUT, [(["1"], ["1"])])).replace(
        b'id="table_in_1_0"', b'id="table_in_1_0" expressionLanguage="juel"'
    )
    assert [p.code for p in read_decisions(source, "t.dmn")[1]] == ["dmn_language"]


@pytest.mark.parametrize(
    ("kind", "one", "other", "overlap"),
    [
        ("number", "[1..5]", "[5..9]", True),
        ("number", "[1..5)", "[5..9]", False),
        ("number", "< 5", ">= 5", False),
        ("number", "< 5", "> 4", True),
        ("number", "not(3)", "> 2", True),
        ("number", "-", "7", True),
        ("number", "> a", "< 3", False),
        ("string", '"a","b"', '"b","c"', True),
        ("string", '"a"', 'not("a")', False),
        ("string", 'not("a")', 'not("b")', True),
        ("boolean", "true", "not(true)", False),
    ],
)
def test_rules_of_a_unique_table_that_can_hit_together_are_warned_of(kind, one, other, overlap):
    problems = problems_of([("v", kind)], OUTPUT, [([one], ["1"]), ([other], ["2"])])
    assert [(p.code, p.severity) for p in problems] == ([("dmn_overlap", "warning")] if overlap else [])


def test_a_text_without_quotes_is_warned_of_and_fails_loudly():
    problems = problems_of([("v", "string")], OUTPUT, [(["新建"], ["1"])])
    assert [(p.code, p.severity) for p in problems] == [("dmn_bare_name", "warning")]
    with pytest.raises(ExpressionError, match="变量「新建」没有值"):
        hits("新建", "新建", "string")


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("（1，2）", "把「（」改成英文的「(」"),
        ("5、6", "把「、」改成英文的「,」"),
        ("「新建」", "文本请放在英文引号里：把「「」改成"),
        ("≥5", "把「≥」改成英文的「>=」"),
        ("1…5", "把「…」改成英文的「..」"),
    ],
)
def test_a_cell_typed_on_a_chinese_keyboard_is_told_what_to_type(cell, says):
    [problem] = problems_of(INPUT, OUTPUT, [([cell], ["1"])])
    assert says in problem.message


def test_a_result_without_quotes_is_warned_of():
    problems = problems_of(INPUT, [("n", "string", "")], [(["1"], ["备案"])])
    assert [(p.code, p.severity) for p in problems] == [("dmn_bare_name", "warning")]


def test_a_result_outside_the_predefined_values_is_warned_of():
    values = '<outputValues id="o"><text>"a","b"</text></outputValues>'
    problems = problems_of(INPUT, [("n", "string", values)], [(["1"], ['"a"']), (["2"], ['"z"'])])
    assert [(p.code, p.severity) for p in problems] == [("dmn_not_allowed", "warning")]


def test_problems_speak_english_too():
    problem = problems_of(INPUT, OUTPUT, [(["1"], ["1"])], policy=' hitPolicy="ANY"')[0]
    assert problem.in_language("en").message == "The hit policy ANY is not supported."
