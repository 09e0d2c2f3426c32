"""The language of conditions and scripts."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from engine.errors import BpmnError, BudgetExceeded, ExpressionError, ValueRefused
from engine.expressions import Budget, Expression, Script

VARIABLES = {
    "amount": 150,
    "kind": "a",
    "price": Decimal("0.3"),
    "nothing": None,
    "order": {"lines": [{"price": Decimal("1.50"), "n": 2}, {"price": 2.5, "n": 1}], "items": "mine"},
    "day": date(2026, 1, 31),
    "moment": datetime(2026, 2, 28, 16, 30, tzinfo=UTC),
}
FUNCTIONS = {"now": lambda: datetime(2026, 3, 1, 1, tzinfo=UTC), "today": lambda: date(2026, 3, 1)}


def evaluate(text, **more):
    return Expression.parse(text).evaluate({**VARIABLES, **more}, FUNCTIONS)


def execute(text, **variables):
    return Script.parse(text).execute(variables, FUNCTIONS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('amount > 100 and kind == "a"', True),
        ("1 < amount <= 150", True),
        ("1 < amount < 150 < nope", False),
        ("amount in [1, 150] or nope", True),
        ("kind not in ('b', 'c')", True),
        ("not true or null", None),
        ("nothing is None and amount is not None", True),
        ("'big' if amount > 100 else 'small'", "big"),
        ("-amount // 7", -22),
        ("7 % -3", -2),
        ("decimal('-7') // 2", Decimal(-4)),
        ("decimal('7') % decimal('-3')", Decimal(-2)),
        ("2 ** 10", 1024),
        ("7 / 2", 3.5),
        ("price == 0.3", True),
        ("[price] == [0.3] and {'a': price} == {'a': 0.3}", True),
        ("price * 0.2", Decimal("0.06")),
        ("price + 1", Decimal("1.3")),
        ("order.lines[0].price", Decimal("1.50")),
        ("order['lines'][-1]['n']", 1),
        ("order.items", "mine"),
        ("order.get('missing', 5)", 5),
        ("sum(line.price * line.n for line in order.lines)", Decimal("5.50")),
        ("[i * 10 for i in range(5) if i % 2]", [10, 30]),
        ("[[i, j] for i in range(3) for j in range(i)]", [[1, 0], [2, 0], [2, 1]]),
        ("{k: v * 2 for k, v in {'a': 1}.items()}", {"a": 2}),
        ("{3, 1, 3}", [3, 1]),
        ("set(['b', 'a', 'b'])", ["b", "a"]),
        ("[x for x in [amount] for amount in [1, 2]]", [150, 150]),
        ("max([1, 2.5, price])", 2.5),
        ("min(3, 2)", 2),
        ("max([], default=0)", 0),
        ("sorted(['b', 'a'], reverse=True)", ["b", "a"]),
        ("reversed(range(3))", [2, 1, 0]),
        ("enumerate(['x'], 1)", [[1, "x"]]),
        ("zip([1, 2], ['a', 'b'])", [[1, "a"], [2, "b"]]),
        ("any(l.n > 1 for l in order.lines), all([])", [True, True]),
        ("round(2.675, 2), round(decimal('2.5'))", [2.67, 2]),
        ("int('12') + float('0.5') + int(True)", 13.5),
        ("decimal(0.1) + decimal('0.2')", Decimal("0.3")),
        ("str(amount) + str(day) + str(nothing)", "1502026-01-31None"),
        ("f'{kind}:{amount:,.2f}:{1:03d}'", "a:150.00:001"),
        ("'a-b'.split('-') + ['c'.upper()]", ["a", "b", "C"]),
        ("','.join(sorted({'y': 1, 'x': 2}.keys()))", "x,y"),
        ("'abc'[1:] + 'abc'[::-1]", "bccba"),
        ("'file.pdf'.endswith(('.pdf', '.png'))", True),
        ("dict(a=1) == {'a': 1}", True),
        ("list('ab') * 2", ["a", "b", "a", "b"]),
        ("len(order.lines) + len('ab') + len({})", 4),
        ("bool([]) or [] == []", True),
    ],
)
def test_expressions_mean_what_they_mean_in_python(text, value):
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("day + duration('P1M')", date(2026, 2, 28)),
        ("day + timedelta(days=1)", date(2026, 2, 1)),
        ("day - date(2026, 1, 1) == duration('P30D')", True),
        ("date('2026-01-31') == day", True),
        ("day.year + day.month", 2027),
        ("day < today()", True),
        ("moment.hour, moment.date()", [0, date(2026, 3, 1)]),
        ("datetime('2026-03-01T00:30') == moment", True),
        ("datetime(2026, 3, 1, 0, 30) == moment", True),
        ("moment.isoformat()", "2026-03-01T00:30:00+08:00"),
        ("datetime.now() - datetime.timedelta(hours=1)", datetime(2026, 3, 1, tzinfo=UTC)),
        ("date.today().strftime('%Y年%m月')", "2026年03月"),
        ("(now() - moment).total_seconds()", 8.5 * 3600),
        ("timedelta(days=1) * 2", timedelta(days=2)),
        ("duration('P1Y2M')", "P1Y2M"),
        ("'2026-01-31' == day", False),
    ],
)
def test_dates_live_on_the_calendar_of_shanghai(text, value):
    assert evaluate(text) == value


def test_a_time_is_read_from_its_parts_or_from_text():
    assert evaluate("time(9, 30) == time('09:30')") is True


@pytest.mark.parametrize(
    "text",
    [
        "\n   amount > 100\n  ",
        "=amount > 100",
        "${ amount > 100 }",
        "\n    amount > 100\n    and kind == 'a'\n",
        "= true",
    ],
)
def test_conditions_are_read_as_other_modelers_write_them(text):
    assert evaluate(text) is True


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nope > 1", "变量「nope」没有值"),
        ("order.nope", "没有字段「nope」"),
        ("order.lines[5]", "超出范围"),
        ("amount > 'a'", "数字与文本不能用 > 比较"),
        ("day > '2026-01-01'", "日期与文本"),
        ("amount + 'a'", "数字与文本"),
        ("1 / 0", "除数为零"),
        ("decimal(1) / 0", "除数为零"),
        ("int('x')", "不是有效的数字"),
        ("sum(['a'])", "不能"),
        ("max([])", "空列表"),
        ("len(5)", "没有长度"),
        ("'abc'.index('z')", "index"),
        ("(-8) ** 0.5", "实数"),
        ("1e308 * 10", "过大"),
        ("len", "请写成 len"),
        ("str([1])", "不能转换成文本"),
        ("{1: 2}", "键应为文本"),
        ("date(2026, 2, 30)", "不是有效的日期"),
        ("round(1, 2, 3)", "参数不正确"),
    ],
)
def test_what_cannot_be_worked_out_is_an_error_with_a_sentence(text, sentence):
    with pytest.raises(ExpressionError, match=sentence.replace("(", r"\(")):
        evaluate(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "空的"),
        ("amount >", "语法不正确"),
        ("amount = 1", "请写 =="),
        ("1) + (2", "语法"),
        ("1\n) + (\n2", "语法"),
        ("lambda: 1", "lambda"),
        ("[].append(1)", "只能在脚本中"),
        ("unknown(1)", "没有函数「unknown」"),
        ("kind.format(1)", "没有方法「format」"),
        ("amount & 1", "运算符 &"),
        ("amount is 5", "is 只能用于"),
        ("(x := 1)", ":="),
        ("[*order]", "星号"),
        ("f'{amount!r}'", "!r"),
        ("sorted([1], key=len)", "key"),
    ],
)
def test_what_the_language_does_not_have_is_refused_at_parse(text, sentence):
    with pytest.raises(ExpressionError, match=sentence):
        Expression.parse(text)


def test_parse_errors_carry_their_line_where_there_are_several():
    with pytest.raises(ExpressionError) as error:
        Expression.parse("(1 +\n lambda: 2)")
    assert error.value.line == 2


def test_an_expression_knows_the_variables_it_reads():
    expression = Expression.parse("sum(x.n for x in order.lines if x.n > least) > len(kind) and not true")
    assert expression.names == {"order", "least", "kind"}


def test_a_value_shares_nothing_with_the_variables():
    variables = {"order": {"lines": [1]}}
    Expression.parse("order").evaluate(variables)["lines"].append(2)
    assert variables == {"order": {"lines": [1]}}


def test_the_engine_hands_over_functions_by_name():
    expression = Expression.parse("double(2) + 1", functions={"double"})
    assert expression.evaluate({}, {"double": lambda n: n * 2}) == 5
    with pytest.raises(ExpressionError, match="不能使用"):
        expression.evaluate({})


def test_a_bpmn_error_of_a_function_goes_through():
    def refuse():
        raise BpmnError("E1")

    with pytest.raises(BpmnError):
        Expression.parse("refuse()", functions={"refuse"}).evaluate({}, {"refuse": refuse})


def test_what_a_function_gives_must_be_a_process_value():
    with pytest.raises(ValueRefused):
        Expression.parse("host()", functions={"host"}).evaluate({}, {"host": object})


def test_steps_and_data_are_bounded():
    with pytest.raises(BudgetExceeded):
        Expression.parse("[i for i in range(1000)]").evaluate({}, budget=Budget(steps=100))
    with pytest.raises(BudgetExceeded):
        Expression.parse("'ab' * 10000").evaluate({}, budget=Budget(size=100))


def test_a_script_answers_with_what_it_assigned_and_leaves_its_input_alone():
    variables = {"order": {"lines": [{"n": 1}, {"n": 2}]}, "other": [1]}
    script = Script.parse("""
        total = 0
        for line in order.lines:
            if line.n > 1:
                total += line.n
            elif line.n == 0:
                break
            else:
                continue
        order.total = total
        order['lines'][0].done = True
        a, [b, c] = 1, [2, 3]
    """)
    assert script.execute(variables) == {
        "total": 2,
        "line": {"n": 2},
        "order": {"lines": [{"n": 1, "done": True}, {"n": 2}], "total": 2},
        "a": 1,
        "b": 2,
        "c": 3,
    }
    assert variables == {"order": {"lines": [{"n": 1}, {"n": 2}]}, "other": [1]}
    assert script.names_read == {"order"}
    assert script.names_written == {"total", "line", "order", "a", "b", "c"}


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("x.append(2)", {"x": [1, 2]}),
        ("y = x\ny.append(2)", {"x": [1, 2], "y": [1, 2]}),
        ("x += [2]", {"x": [1, 2]}),
        ("x = x + [2]", {"x": [1, 2]}),
        ("x[0] = True", {"x": [True]}),
        ("x[0] += 4", {"x": [5]}),
        ("del x[0]", {"x": []}),
        (
            "x.extend([3, 2])\nx.sort()\nx.reverse()\nx.insert(0, 9)\nx.remove(1)\nlast = x.pop()",
            {"x": [9, 3], "last": 2},
        ),
        ("d.a.b = 2\nd.update(c=3)\nd.setdefault('e', 4)\nd.pop('c')", {"d": {"a": {"b": 2}, "e": 4}}),
        ("del d.a", {"d": {}}),
        ("len(x)", {}),
        ("y = [i.append(0) for i in [x]]", {"x": [1, 0], "y": [None]}),
        ("pass", {}),
        ("if x:\n  for i in []:\n    pass\nelse:\n  z = 1", {}),
        ("a = b = 1", {"a": 1, "b": 1}),
        (
            "n = 0\nfor i in range(3):\n  for j in range(3):\n    if j > i:\n      break\n    n += 1",
            {"n": 6, "i": 2, "j": 1 + 1},
        ),
    ],
)
def test_scripts_change_what_python_would_change(text, changed):
    assert execute(text, x=[1], d={"a": {}}) == changed


def test_a_failing_script_leaves_nothing_and_names_its_line():
    variables = {"x": [1]}
    with pytest.raises(ExpressionError, match="第 4 行：除数为零") as error:
        Script.parse("\n    x.append(2)\n    if x:\n        y = 1 / 0\n").execute(variables)
    assert error.value.line == 4
    assert variables == {"x": [1]}


def test_a_script_whose_first_line_lost_its_indentation_is_read():
    assert execute("a = 1\n        b = 2\n        if b:\n            c = 3\n    ") == {"a": 1, "b": 2, "c": 3}


def test_names_read_are_those_not_surely_set_before():
    script = Script.parse("a = 1\nif a:\n  b = 2\nc = b + a\nfor i in []:\n  d = i\ne = i\nt += 1")
    assert script.names_read == {"b", "i", "t"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1\nwhile True: pass", 2),
        ("import os", 1),
        ("def f(): pass", 1),
        ("class A: pass", 1),
        ("\n\ntry:\n  x = 1\nexcept: pass", 3),
        ("with x: pass", 1),
        ("raise x", 1),
        ("del x", 1),
        ("break", 1),
        ("x[0:1] = []", 1),
        ("x.__dict__ = 1", 1),
        ("true = 1", 1),
        ("for i in x:\n  pass\nelse:\n  pass", 1),
        ("x: int = 1", 1),
        ("x = 1\ny = (", 2),
        ("return 1", 1),
        ("a, *b = x", 1),
        ("global x", 1),
    ],
)
def test_statements_that_scripts_do_not_have_are_refused_with_their_line(text, line):
    with pytest.raises(ExpressionError) as error:
        Script.parse(text)
    assert error.value.line == line


def test_a_value_that_cannot_be_stored_is_refused_with_its_path():
    with pytest.raises(ValueRefused, match=r"^x\.m"):
        execute("x = {'m': [duration('P1M')]}")


def test_aliases_are_lost_when_a_script_ends():
    result = execute("a = [1]\nb = a")
    result["a"].append(2)
    assert result["b"] == [1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("amount ＞ 100", "把「＞」改成英文的「>」"),
        ("kind == “a”", '文本请放在英文引号里：把「“」改成 " 。'),
        ("kind == 「a」", "文本请放在英文引号里"),
        ("max（1，2）", "把「（」改成英文的「(」"),
        ("amount　> 100", "把「　」改成英文的空格"),
        ("amount > １００", "把「１」改成英文的「1」"),
        ("amount ≥ 100", "把「≥」改成英文的「>=」"),
        ("x = [1、2]", "把「、」改成英文的「,」"),
    ],
)
def test_chinese_punctuation_is_told_with_what_to_type_instead(text, says):
    for parse in (Expression.parse, Script.parse):
        with pytest.raises(ExpressionError) as error:
            parse(text)
        assert says in error.value.reason


def test_chinese_punctuation_inside_a_text_is_the_texts_own():
    assert evaluate("'，、（“”）' + \"《》\"") == "，、（“”）《》"
