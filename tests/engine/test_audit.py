"""A record that lacks a line is found."""

from sqlalchemy import delete, text

from engine.audit import Gap, verify
from engine.tables import History
from engine.testing import ProcessTest
from tests.engine.models import one, start, user


def test_a_missing_line_of_a_record_is_found() -> None:
    with ProcessTest([one(start(), user("a"), user("b"), "start > a > b")]) as t:
        whole, broken = t.start("p"), t.start("p")
        t.complete("a", case=broken)
        assert t.read(lambda session: list(verify(session))) == []
        written = t.read(lambda session: len(session.query(History).filter_by(instance_id=broken.id).all()))
        with t.engine.command(t.session):
            t.session.execute(text("DROP TRIGGER engine_history_no_delete"))
            t.session.execute(delete(History).where(History.instance_id == broken.id, History.seq == 2))
        assert t.read(lambda session: list(verify(session))) == [Gap(broken.id, written, written - 1)]
        assert whole.status == "running"
