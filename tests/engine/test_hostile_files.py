"""Files made to harm: each ends as a problem in words, soon, and nothing is fetched or read beside them."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from engine import xml
from engine.deployments import Source, check
from engine.errors import CommandRefused
from engine.forms import read_form
from engine.problems import Problem
from tests.engine.models import one, start, user
from tests.engine.test_decisions import decision, dmn

BPMN = one(start(), user("u"), "start > u").decode()
DMN = dmn(decision([("v", "string")], [("n", "", "")], [(["-"], ["1"])])).decode()
SECRET = "root:x:0:0"


@pytest.fixture(autouse=True)
def nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A connection is a failure whatever becomes of it."""
    tried: list[Any] = []

    def refuse(*arguments: Any, **named: Any) -> Any:
        tried.append(arguments)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    begun = time.process_time()
    yield
    assert tried == []
    assert time.process_time() - begun < 5


def problems(name: str, content: bytes) -> list[Problem]:
    found = check([Source(name, content)], lambda operator: True).problems
    for problem in found:
        assert problem.file == name or problem.code == "no_process"
        assert SECRET not in problem.message
        assert "Traceback" not in problem.message
        assert "Error" not in problem.message
    return found


def codes(name: str, content: bytes | str) -> set[str]:
    content = content if isinstance(content, bytes) else content.encode()
    return {problem.code for problem in problems(name, content) if problem.severity == "error"} - {"no_process"}


def with_doctype(model: str, inner: str, use: str = "") -> str:
    head, _, rest = model.partition("\n")
    named = rest.replace("id=", f'name="{use}" id=', 1) if use else rest
    return f"{head}\n<!DOCTYPE definitions {inner}>\n{named}"


LAUGHS = '<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{n} "{ten}">' for n, ten in ((n, f"&a{n - 1};" * 10) for n in range(1, 12))
)
DOCTYPES = {
    "plain": ("", ""),
    "internal entity": ('[<!ENTITY a "b">]', "&a;"),
    "external entity": ('[<!ENTITY a SYSTEM "file:///etc/passwd">]', ""),
    "external subset": ('SYSTEM "http://127.0.0.1:9/evil.dtd"', ""),
    "public subset": ('PUBLIC "-//x//y" "http://127.0.0.1:9/evil.dtd"', ""),
    "parameter entity": ('[<!ENTITY % a SYSTEM "http://127.0.0.1:9/evil.dtd"> %a;]', ""),
    "billion laughs": (f"[{LAUGHS}]", ""),
    "billion laughs in an attribute": (f"[{LAUGHS}]", "&a11;"),
    "quadratic blow-up": (f'[<!ENTITY a "{"a" * 50_000}">]', "&a;" * 5_000),
    "endless entity": ('[<!ENTITY a "&b;"><!ENTITY b "&a;">]', "&a;"),
    "default attribute": ('[<!ATTLIST process isExecutable CDATA "true">]', ""),
}


@pytest.mark.parametrize("model", ["x.bpmn", "x.dmn"])
@pytest.mark.parametrize("kind", DOCTYPES)
def test_a_doctype_is_refused_and_nothing_in_it_is_expanded(kind: str, model: str) -> None:
    content = with_doctype(BPMN if model == "x.bpmn" else DMN, *DOCTYPES[kind])
    assert codes(model, content) <= {"doctype", "not_xml"}
    assert codes(model, content)


@pytest.mark.parametrize("model", ["x.bpmn", "x.dmn"])
def test_an_entity_in_the_text_is_not_expanded(model: str) -> None:
    text = BPMN if model == "x.bpmn" else DMN
    entity = '[<!ENTITY a SYSTEM "file:///etc/passwd">]'
    assert codes(model, with_doctype(text, entity).replace("</definitions>", "&a;</definitions>")) == {"doctype"}
    assert codes(model, text.replace("</definitions>", "&a;</definitions>")) == {"not_xml"}


@pytest.mark.parametrize("model", ["x.bpmn", "x.dmn"])
@pytest.mark.parametrize("depth", [201, 300, 10_000])
def test_elements_too_deep_inside_each_other_are_refused(model: str, depth: int) -> None:
    text = BPMN if model == "x.bpmn" else DMN
    nested = "<extensionElements>" * depth + "</extensionElements>" * depth
    assert codes(model, text.replace("</definitions>", nested + "</definitions>")) == {"too_deep"}


@pytest.mark.parametrize("name", ["x.bpmn", "x.dmn", "x.json"])
def test_a_file_of_six_megabytes_is_refused_unread(name: str) -> None:
    text = {"x.bpmn": BPMN, "x.dmn": DMN, "x.json": "{}"}[name]
    assert codes(name, text + " " * 6_000_000) == {"file_too_large"}


@pytest.mark.parametrize("model", ["x.bpmn", "x.dmn"])
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1", "GBK", "GB18030", "UTF-8-SIG"])
def test_files_are_read_in_the_encoding_they_declare(model: str, encoding: str) -> None:
    text = (BPMN if model == "x.bpmn" else DMN).replace("测试表", "").replace("列", "")
    name = "测试" if encoding.startswith(("UTF", "GB")) else "Ã©"
    text = text.replace('encoding="UTF-8"', f'encoding="{encoding.removesuffix("-SIG")}"')
    text = text.replace('id="', f'name="{name}" id="', 1) if model == "x.bpmn" else text.replace("依据", name)
    assert codes(model, text.encode(encoding.lower())) == set()


@pytest.mark.parametrize("model", ["x.bpmn", "x.dmn"])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.encode().replace(b"definitions", b"defi\0nitions"),
        lambda text: text.encode() + b"\0",
        lambda text: b"\0" * 100,
        lambda text: text.replace("UTF-8", "GBK").encode() + "测".encode(),
        lambda text: text.replace("UTF-8", "no-such-encoding").encode(),
        lambda text: text.encode()[: len(text) // 2],
        lambda text: text.replace('id="', 'id="a" id="', 1).encode(),
        lambda text: text.replace('id="', 'q:id="a" id="', 1).encode(),
        lambda text: text.replace("</definitions>", "&#0;</definitions>").encode(),
        lambda text: text.replace("</definitions>", "&#xD800;</definitions>").encode(),
        lambda text: (text + text).encode(),
        lambda text: ("  \n" + text).encode(),
        lambda text: text.encode() + b"\xff\xfe",
        lambda text: b"",
        lambda text: b"PK\x03\x04",
    ],
)
def test_what_is_no_xml_is_a_problem(model: str, change: Any) -> None:
    content = change(BPMN if model == "x.bpmn" else DMN)
    assert len(problems(model, content)) >= 1
    assert codes(model, content) == {"not_xml"}


@pytest.mark.parametrize("model", ["x.bpmn", "x.dmn"])
def test_processing_instructions_comments_and_includes_do_nothing(model: str) -> None:
    text = BPMN if model == "x.bpmn" else DMN
    harmless = '<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>\n<!-- <process id="q"/> -->\n'
    head, _, rest = text.partition("\n")
    assert codes(model, f"{head}\n{harmless}{rest}") == set()
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    assert codes(model, text.replace("</definitions>", include + "</definitions>")) <= {"unsupported_element"}
    content = text.replace("</definitions>", include + "</definitions>").encode()
    root, _ = xml.parse(content, model)
    assert root is not None
    assert SECRET not in "".join(root.itertext())


def test_a_name_in_another_namespace_is_not_ours() -> None:
    foreign = BPMN.replace("http://www.omg.org/spec/BPMN/20100524/MODEL", "urn:not-bpmn")
    assert codes("x.bpmn", foreign) == {"not_bpmn"}
    assert codes("x.bpmn", BPMN.replace("<userTask", '<userTask xmlns="urn:evil"').replace("</userTask", "</userTask"))
    assert codes("x.dmn", DMN.replace("https://www.omg.org/spec/DMN/20191111/MODEL/", "urn:x")) == {
        "dmn_not_definitions"
    }
    hidden = DMN.replace("<decisionTable", '<decisionTable xmlns="urn:evil"')
    assert codes("x.dmn", hidden) == {"dmn_logic"}


def test_an_id_that_stands_twice_is_told_with_both_lines() -> None:
    twice = BPMN.replace("</process>", '<userTask id="u"/>\n</process>')
    assert "duplicate_id" in codes("x.bpmn", twice)
    again = DMN.replace(
        "</definitions>", DMN[DMN.index("<decision ") : DMN.index("</decision>")] + "</decision></definitions>"
    )
    found = problems("x.dmn", again.encode())
    assert "dmn_id" in {p.code for p in found if p.severity == "error"}
    assert {p.code for p in found if p.severity == "warning"} == {"duplicate_id"}


# Forms


def form_problems(content: bytes | str) -> list[str]:
    content = content if isinstance(content, bytes) else content.encode()
    _, found = read_form(content, "f.json")
    assert {p.code for p in found} <= {"bad_form", "file_too_large"}
    assert all(p.line and "Error" not in p.message and "Traceback" not in p.message for p in found)
    return [p.message for p in found]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "不是有效的 JSON"),
        ("{", "不是有效的 JSON"),
        ("[]", "最外层应为对象"),
        ("null", "最外层应为对象"),
        (b"\xff\xfe\xfd", "不是有效的 JSON"),
        (b'{"a": "\xff"}', "不是有效的 JSON"),
        ('{"a": "\0"}', "不是有效的 JSON"),
        ('{"minimum": NaN}', "NaN 不是 JSON 的数字"),
        ('{"maximum": -Infinity}', "-Infinity 不是 JSON 的数字"),
        ('{"maximum": 1e999}', "过大"),
        ('{"maximum": ' + "9" * 5_000 + "}", "不是有效的 JSON"),
        ('{"type": "object", "type": "string"}', "「type」在一个对象里出现了两次"),
        ('{"a": ' * 150 + "1" + "}" * 150, "嵌套超过 100 层"),
        ("[" * 100_000 + "]" * 100_000, "不是有效的 JSON"),
        ('{"a": ' * 100_000 + "1" + "}" * 100_000, "不是有效的 JSON"),
        ('{"type": "nonsense"}', "不符合 JSON Schema"),
        ('{"$ref": "http://127.0.0.1:9/evil.json"}', "指向文件之外"),
        ('{"properties": {"a": {"$ref": "file:///etc/passwd"}}}', "指向文件之外"),
        ('{"properties": {"a": {"$ref": "other.json"}}}', "指向文件之外"),
        ('{"properties": {"a": {"$ref": "#/$defs/none"}}}', "不存在"),
        ('{"properties": {"a": {"$id": "http://127.0.0.1:9/", "$ref": "#"}}}', "$id"),
        ('{"$dynamicRef": "#x"}', "$dynamicRef"),
        ('{"patternProperties": {"(a+)+$": {}}}', "patternProperties"),
        ('{"pattern": "(?=a)"}', "环视"),
        ('{"pattern": "("}', "不完整"),
        ('{"items": {"pattern": "(a)\\\\1"}}', "不支持"),
    ],
    ids=lambda value: ascii(value[:40]) if isinstance(value, str | bytes) else None,
)
def test_a_form_that_is_none_is_a_problem(content: bytes | str, says: str) -> None:
    [message] = form_problems(content)
    assert says in message


def complaints(schema: dict[str, Any], data: dict[str, Any]) -> list[str]:
    form, found = read_form(json.dumps(schema).encode(), "f.json")
    assert found == []
    return [f"{error.field}: {error.code}" for error in form.check(data)]


def test_a_pattern_that_would_never_end_ends() -> None:
    schema = {"properties": {"a": {"pattern": "^(a+)+$"}}}
    assert complaints(schema, {"a": "a" * 5_000}) == []
    assert complaints(schema, {"a": "a" * 5_000 + "b"}) == ["a: pattern"]
    assert complaints(schema, {"a": "b" * 2_000_000}) == ["a: pattern"]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {
            "$defs": {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)} | {"a40": {}},
            "$ref": "#/$defs/a0",
        },
    ],
    ids=["itself", "itself inside", "each other", "doubling"],
)
def test_references_without_end_are_given_up_in_words(schema: dict[str, Any]) -> None:
    with pytest.raises(CommandRefused, match="互相引用过多"):
        complaints(schema, {"a": 1})


def test_a_recursive_form_is_fine_where_its_data_ends() -> None:
    tree = {"properties": {"children": {"items": {"$ref": "#"}}, "n": {"type": "integer"}}}
    assert complaints(tree, {"n": 1, "children": [{"n": 2, "children": []}]}) == []
    assert complaints(tree, {"n": 1, "children": [{"n": "x"}]}) == ["children.0.n: type"]


def test_many_items_are_compared_in_a_short_time() -> None:
    schema = {"properties": {"a": {"uniqueItems": True}}}
    items = [{"n": [n, {"m": n}]} for n in range(5_000)]
    assert complaints(schema, {"a": items}) == []
    assert complaints(schema, {"a": [*items, {"n": [5, {"m": 5.0}]}]}) == ["a: uniqueItems"]
    assert complaints(schema, {"a": [1, True, "1", None, 0, False]}) == []


def test_multiples_are_those_of_decimal_numbers() -> None:
    schema = {"properties": {"a": {"multipleOf": 0.1}}}
    assert complaints(schema, {"a": 0.3}) == []
    assert complaints(schema, {"a": 0.35}) == ["a: multipleOf"]
    assert complaints(schema, {"a": 1e300}) == ["a: multipleOf"]
