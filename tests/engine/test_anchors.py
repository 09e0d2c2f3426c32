"""An anchor takes the ends of all chains together and follows on the anchor before; meddling with it is found."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from engine import anchors
from engine.audit import Fault, What, verification
from engine.tables import NO_HASH, Anchor
from engine.testing import ProcessTest
from tests.engine import tampering
from tests.engine.tampering import ANCHORS, DIAGRAM, HEADS, LINES, behind_its_back, database, faults


@pytest.fixture
def t(database_url: str) -> Iterator[ProcessTest]:
    with ProcessTest([DIAGRAM], database_url=database_url) as test:
        yield test


def stored(t: ProcessTest) -> list[Anchor]:
    return list(t.read(lambda session: session.scalars(select(Anchor).order_by(Anchor.id)).all()))


def test_an_anchor_takes_the_chains_that_have_grown_and_follows_on_the_one_before(t: ProcessTest) -> None:
    _, second = tampering.begin(t)
    t.complete("a", case=second)
    tampering.anchor(t)
    one, two, three = stored(t)
    assert [anchor.previous for anchor in (one, two, three)] == [NO_HASH, one.hash, two.hash]
    assert [anchor.count for anchor in (one, two, three)] == [1, 2, 1]
    taken = select(HEADS.c.instance_id, HEADS.c.seq, HEADS.c.head).where(HEADS.c.anchor_id == 3)
    end = (second.id, second.instance.history_length, second.instance.history_head)
    assert t.read(lambda session: session.execute(taken).all()) == [end]


def test_an_anchor_of_nothing_says_that_nothing_happened(t: ProcessTest) -> None:
    tampering.begin(t)
    tampering.anchor(t)
    assert stored(t)[-1].count == 0
    assert faults(t) == []


def test_an_anchor_is_due_a_day_after_the_last(t: ProcessTest) -> None:
    def anchored(hours: float) -> bool:
        t.clock.advance(timedelta(hours=hours))
        with t.engine.command(t.session) as command:
            return anchors.anchor_if_due(command.session, command.now) is not None

    assert anchored(0)
    assert not anchored(23.9)
    assert anchored(0.1)


def test_a_changed_anchor_and_those_that_are_missing_are_named(t: ProcessTest) -> None:
    tampering.begin(t)
    for _ in range(3):
        tampering.anchor(t)
    with behind_its_back(t) as session:
        session.execute(update(ANCHORS).where(ANCHORS.c.id == 5).values(hash=bytes(32)))
        session.execute(delete(ANCHORS).where(ANCHORS.c.id.in_((2, 3))))
    assert faults(t) == [Fault(What.MISSING, None, 2, 3), Fault(What.CHANGED, None, 5, 5)]
    assert str(faults(t)[0]) == "anchors 2-3: missing"


def test_a_number_that_no_anchor_can_have_is_found_at_once(t: ProcessTest) -> None:
    tampering.begin(t)
    with behind_its_back(t) as session:
        session.execute(update(ANCHORS).where(ANCHORS.c.id == 2).values(id=2**31 - 1))
    assert Fault(What.MISSING, None, 2, 2**31 - 2) in faults(t)


@pytest.mark.parametrize("what", ["changed", "removed", "given to another"])
def test_meddling_with_what_an_anchor_took_is_found(t: ProcessTest, what: str) -> None:
    first, _ = tampering.begin(t)
    of_first = (HEADS.c.instance_id == first.id, HEADS.c.anchor_id == 1)
    with behind_its_back(t) as session:
        if what == "changed":
            session.execute(update(HEADS).where(*of_first).values(head=bytes(32)))
        elif what == "removed":
            session.execute(delete(HEADS).where(*of_first))
        else:
            session.execute(update(HEADS).where(*of_first).values(anchor_id=2))
    assert Fault(What.HEADS, None, 1, 1) in faults(t)


def test_anchors_written_anew_are_found_by_a_hash_noted_elsewhere(t: ProcessTest) -> None:
    """Who may write every table can make a record without a fault, but not one with the old hash."""
    case, _ = tampering.begin(t)
    noted = tampering.anchor(t)
    with verification(database(t)) as look:
        assert look.noted(noted)
    with behind_its_back(t) as session:
        session.execute(delete(ANCHORS))
        session.execute(delete(HEADS))
        session.execute(delete(LINES).where(LINES.c.instance_id == case.id, LINES.c.seq > 2))
        session.execute(update(tampering.CASES).where(tampering.CASES.c.id == case.id).values(history_length=2))
        head = session.scalars(select(LINES.c.hash).where(LINES.c.instance_id == case.id, LINES.c.seq == 2)).one()
        session.execute(update(tampering.CASES).where(tampering.CASES.c.id == case.id).values(history_head=head))
    for _ in range(3):
        tampering.anchor(t)
    assert faults(t) == []
    with verification(database(t)) as look:
        assert not look.noted(noted)
