"""Regular expressions of forms: they find what Python's find, and never take long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.patterns import PatternRefused, TextTooLong, compiled

ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "[a-c]", r"\d", r"\w", r"\S", r"\.", "^", "$", r"\b", "(?:)"])


def repeated(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "+?"])
    group = inner.map(lambda text: f"({text})")
    return st.one_of(
        st.tuples(group, signs).map("".join),
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join).map(lambda text: f"(?:{text})"),
    )


@settings(max_examples=400, deadline=None)
@given(st.recursive(ATOMS, repeated, max_leaves=6), st.lists(st.text("ab1c. \n", max_size=6), max_size=5))
def test_a_pattern_is_found_where_python_finds_it(pattern: str, texts: list[str]) -> None:
    ours = compiled(pattern)
    theirs = re.compile(pattern.replace("$", r"\Z"), re.ASCII)
    for text in texts:
        assert ours.found_in(text) is (theirs.search(text) is not None), (pattern, text)


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        (r"^$|\S", ["", "a", " a"], [" ", "\n"]),
        (r"^1\d{10}$", ["13800138000"], ["1380013800", "13800138000\n", "1３800138000"]),
        (r"^[0-9A-HJ-NPQRTUWXY]{18}$", ["91440101MA5CXYTW0X"], ["91440101MA5CXYTW0I"]),
        (r"^[\u4e00-\u9fa5]{2,4}$", ["张三"], ["张", "zhang"]),
        (r"^(?<year>\d{4})-(\d\d)$", ["2026-03"], ["2026-3"]),
    ],
)
def test_patterns_as_forms_write_them(pattern: str, matching: list[str], others: list[str]) -> None:
    assert all(compiled(pattern).found_in(text) for text in matching)
    assert not any(compiled(pattern).found_in(text) for text in others)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*)*x", "a*a*a*a*a*a*x", "(?:a?){50}a{50}$"])
def test_no_pattern_explodes(pattern: str) -> None:
    begun = time.process_time()
    compiled(pattern).found_in("a" * 1_000 + "b")
    assert time.process_time() - begun < 2


def test_a_text_too_long_for_its_pattern_is_given_up() -> None:
    with pytest.raises(TextTooLong):
        compiled("(a?){1000}b").found_in("a" * 100_000)


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", ")", "a)", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", r"(a)\1", r"\k<a>", r"\p{L}", "[b-a]", "[a", "a{2"),
        *("a{2,1}", "*", "a**", "^*", "a{99999}", "(((a{100}){100}){100}){100}", "(" * 100 + ")" * 100, "\\", r"\x1"),
        *("(?P<a>b)", "(?<a", "(" * 40 + "a" + ")*" * 40, "a" * 20_000),
    ],
    ids=lambda pattern: ascii(pattern[:30]),
)
def test_what_is_not_of_the_syntax_is_refused(pattern: str) -> None:
    with pytest.raises(PatternRefused, match="正则表达式"):
        compiled(pattern)
