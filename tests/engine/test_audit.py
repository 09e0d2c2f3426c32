"""Whatever is done to the record behind the engine's back is found, and said by case and line."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, Executable, Text, cast, delete, insert, literal, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from engine import record
from engine.audit import BATCH, Fault, What, verification
from engine.tables import NO_HASH, Base, History
from engine.testing import Case, ProcessTest
from tests.engine import tampering
from tests.engine.tampering import (
    ANCHORS,
    CASES,
    DIAGRAM,
    HEADS,
    LINES,
    TASKS,
    Row,
    at_line,
    behind_its_back,
    database,
    faults,
)
from tests.servers import Databases


@pytest.fixture
def t(database_url: str) -> Iterator[ProcessTest]:
    with ProcessTest([DIAGRAM], database_url=database_url) as test:
        yield test


def test_a_record_nobody_has_touched_is_whole(t: ProcessTest) -> None:
    first, second = tampering.begin(t)
    t.cancel(second, "不办了")
    t.complete("c", case=first)
    with verification(database(t)) as look:
        assert list(look.everything()) == []
    assert (look.cases, look.anchors) == (2, 2)
    assert look.lines == first.instance.history_length + second.instance.history_length
    assert faults(t, first) == []


CHANGES: dict[str, Any] = {
    "at": None,  # another instant, in whatever form the database has it
    "action": "claimed",
    "element_id": "b",
    "actor": "wang",
    "on_behalf_of": "wang",
    "before": '{"amount": 7}',
    "details": '{"amount": 2}',
    "hash": bytes(range(32)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_column_is_found_on_its_line(t: ProcessTest, name: str) -> None:
    case, _ = tampering.begin(t)
    with behind_its_back(t) as session:
        line = session.execute(select(LINES).where(at_line(case, 3))).mappings().one()
        assert line["before"] is not None
        assert line["details"] is not None
        value = CHANGES[name]
        if name == "at":
            value = line["at"].replace("2", "3") if isinstance(line["at"], str) else line["at"] + timedelta(seconds=1)
        typed = text(f"UPDATE engine_history SET {name} = :value WHERE instance_id = :of AND seq = 3")
        if name in ("before", "details") and session.get_bind().dialect.name == "postgresql":
            typed = text(str(typed).replace(":value", "CAST(:value AS json)"))
        session.execute(typed, {"value": value, "of": case.id})
    found = faults(t, case)
    changed = Fault(What.CHANGED, case.id, 3, 4 if name == "hash" else 3)
    assert found[0] == changed
    assert faults(t)[0] == changed
    assert f"case {case.id}, line" in str(changed)


@pytest.mark.parametrize(
    ("gone", "what"),
    [([1], What.MISSING), ([2, 3], What.MISSING), ([4], What.TRUNCATED), ([1, 2, 3, 4], What.TRUNCATED)],
)
def test_missing_lines_are_named_by_number(t: ProcessTest, gone: list[int], what: What) -> None:
    case, _ = tampering.begin(t)
    assert case.instance.history_length == 4
    with behind_its_back(t) as session:
        session.execute(delete(LINES).where(LINES.c.instance_id == case.id, LINES.c.seq.in_(gone)))
    assert faults(t, case)[0] == Fault(what, case.id, gone[0], gone[-1])
    assert faults(t)[0] == Fault(what, case.id, gone[0], gone[-1])


def test_exchanged_lines_are_found(t: ProcessTest) -> None:
    case, _ = tampering.begin(t)
    with behind_its_back(t) as session:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            session.execute(update(LINES).where(at_line(case, old)).values(seq=new))
    assert Fault(What.CHANGED, case.id, 2, 4) in faults(t)


def test_a_line_put_at_the_end_is_found(t: ProcessTest) -> None:
    case, _ = tampering.begin(t)
    length = case.instance.history_length
    with behind_its_back(t) as session:
        forged = dict(session.execute(select(LINES).where(at_line(case, length))).mappings().one())
        session.execute(insert(LINES), [forged | {"seq": length + 1, "before": None, "details": None}])
    assert faults(t) == [Fault(What.INSERTED, case.id, length + 1, length + 1)]


def rewrite(session: Session, case: Case, from_line: int, length: int, **changed: Any) -> None:
    """Write a case's record anew as the engine would have, from a line on, up to a length: a chain without a fault."""
    rows = session.scalars(select(History).where(History.instance_id == case.id).order_by(History.seq)).all()
    session.execute(delete(LINES).where(LINES.c.instance_id == case.id))
    head = NO_HASH
    for row in rows[:length]:
        content = {name: getattr(row, name) for name in History.__table__.c.keys() if name != "hash"}  # noqa: SIM118
        if row.seq == from_line:
            content |= changed
        head = record.digest(head, content | {"at": record.instant(content["at"])})
        session.execute(insert(History), [content | {"hash": head}])
    session.execute(update(CASES).where(CASES.c.id == case.id).values(history_length=length, history_head=head))


def test_a_chain_written_anew_is_whole_but_not_as_it_was_anchored(t: ProcessTest) -> None:
    case, _ = tampering.begin(t)
    length = case.instance.history_length
    with behind_its_back(t) as session:
        rewrite(session, case, 2, length, actor="wang")
    anchored = faults(t, case)
    assert {fault.what for fault in anchored} == {What.NOT_AS_ANCHORED}
    assert anchored[-1] == Fault(What.NOT_AS_ANCHORED, case.id, length, length)
    assert faults(t) == anchored


def test_an_end_cut_off_with_the_case_put_right_is_found_by_the_anchor(t: ProcessTest) -> None:
    case, _ = tampering.begin(t)
    length = case.instance.history_length
    with behind_its_back(t) as session:
        rewrite(session, case, 0, length - 1)
    assert faults(t) == [Fault(What.NOT_AS_ANCHORED, case.id, length, length)]


def test_a_case_whose_row_says_another_end_is_found(t: ProcessTest) -> None:
    case, other = tampering.begin(t)
    length, written = case.instance.history_length, other.instance.history_length
    with behind_its_back(t) as session:
        session.execute(update(CASES).where(CASES.c.id == case.id).values(history_head=bytes(32)))
        session.execute(update(CASES).where(CASES.c.id == other.id).values(history_length=9))
    found = faults(t)
    assert Fault(What.HEAD, case.id, length, length) in found
    assert Fault(What.TRUNCATED, other.id, written + 1, 9) in found


def test_lines_of_a_case_that_is_gone_are_found(t: ProcessTest) -> None:
    case, _ = tampering.begin(t)
    length = case.instance.history_length
    with behind_its_back(t) as session:
        session.execute(delete(TASKS).where(TASKS.c.instance_id == case.id))
        session.execute(delete(CASES).where(CASES.c.id == case.id))
    assert faults(t) == [Fault(What.UNKNOWN_CASE, case.id, 1, length)]


def test_every_case_is_looked_at_however_many_there_are(t: ProcessTest) -> None:
    last = [t.start("p") for _ in range(3)][-1]
    with behind_its_back(t) as session:
        a_case = dict(session.execute(select(CASES).where(CASES.c.id == last.id)).mappings().one())
        ids = [f"{number:016d}" for number in range(BATCH * 2)]
        session.execute(insert(CASES), [a_case | {"id": id} for id in ids])
        session.execute(delete(LINES).where(LINES.c.instance_id == last.id))
    with verification(database(t)) as look:
        found = {fault.instance_id for fault in look.everything()}
    assert found == {last.id, *ids}
    assert look.cases == BATCH * 2 + 3


def test_a_case_that_moves_while_the_record_is_verified_does_not_look_forged(t: ProcessTest) -> None:
    cases = [t.start("p") for _ in range(3)]
    url = database(t).url.render_as_string(hide_password=False)
    with ProcessTest(database_url=url) as other, verification(database(t)) as look:
        with behind_its_back(other) as session:
            session.execute(update(CASES).where(CASES.c.id == min(case.id for case in cases)).values(history_head=b""))
        for case in cases:
            other.complete("a", case=Case(other, case.id))
        # A generator: it has looked at the first case when it gives the fault there, at the others when it goes on.
        looking = look.everything()
        assert next(looking).what is What.CHANGED
        for case in cases:
            other.complete("b", case=Case(other, case.id))
        assert list(looking) == []


# Anything at all, on SQLite, whose columns take anything


@pytest.fixture(scope="module")
def meddled(sqlite_databases: Databases) -> Iterator[tuple[ProcessTest, tampering.Rows]]:
    """A record under two anchors, and the rows to put back before something else is done to it."""
    with sqlite_databases.for_one_test() as new, ProcessTest([DIAGRAM], database_url=new()) as test:
        tampering.begin(test)
        assert faults(test) == []
        yield test, test.read(tampering.saved)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ANYTHING = st.one_of(
    st.none(),
    TEXT,
    JSON.map(json.dumps),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.binary(),
    st.just(cast(literal(b"\xff"), Text)),  # what SQLite then calls a text
)


@st.composite
def tampered(draw: st.DrawFn, rows: tampering.Rows) -> list[Executable]:
    """Statements that change, remove, exchange or add rows of the record, or what a case or an anchor says of it."""
    kind = draw(st.sampled_from((LINES, LINES, LINES, CASES, ANCHORS, HEADS)))
    key = [column.name for column in Base.metadata.tables[kind.name].primary_key]
    row, other = (draw(st.sampled_from(rows[kind.name])) for _ in range(2))

    def of(one: Row) -> list[ColumnElement[bool]]:
        return [kind.c[name] == one[name] for name in key]

    done = "change" if kind is CASES else draw(st.sampled_from(("change", "change", "remove", "exchange", "add")))
    if done == "remove":
        return [delete(kind).where(*of(row))]
    if done == "exchange":
        here, there = ({name: one[name] for name in one if name not in key} for one in (row, other))
        return [update(kind).where(*of(row)).values(there), update(kind).where(*of(other)).values(here)]
    if done == "add":
        return [insert(kind).values(row | {key[-1]: draw(st.integers(-5, 50))})]
    name = draw(st.sampled_from(("history_length", "history_head") if kind is CASES else list(row)))
    value = draw(ANYTHING)
    assume(name not in ("before", "details") or not _same_json(row[name], value))
    return [update(kind).where(*of(row)).values({name: value})]


def _same_json(one: str | None, other: Any) -> bool:
    """Spaces and the order of keys are no part of what a line says."""
    try:
        return bool(json.loads(one or "null") == json.loads(other or "null"))
    except (TypeError, ValueError):
        return False


def _is_as_it_was(t: ProcessTest, rows: tampering.Rows) -> bool:
    try:
        return t.read(tampering.saved) == rows
    except OperationalError:  # what is called a text and is none
        return False


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_is_done_to_the_record_is_found(
    meddled: tuple[ProcessTest, tampering.Rows], data: st.DataObject
) -> None:
    t, rows = meddled
    statements = data.draw(tampered(rows))
    try:
        with behind_its_back(t) as session:
            tampering.put_back(session, rows)
            for statement in statements:
                session.execute(statement)
    except IntegrityError:
        reject()  # the database took no such row
    assume(not _is_as_it_was(t, rows))
    assert faults(t) != []
