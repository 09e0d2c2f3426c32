"""Notices 待阅 and outgoing SMS."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.errors import CommandRefused
from records.notices import mark_read, notices, post, unread_count
from records.sms import outbox, queue
from tests.records.conftest import NOW

GROUPS = {"agency:A07:handler", "agency:A07:reviewer"}


def test_a_group_sees_its_own_notices_newest_first_and_the_count_agrees(session: Session) -> None:
    post(session, "agency:A07:handler", "一", NOW)
    post(session, "enterprise:E01", "别人的", NOW)
    post(session, "agency:A07:reviewer", "二", NOW)
    assert [notice.title for notice in notices(session, GROUPS, read=False)] == ["二", "一"]
    assert unread_count(session, GROUPS) == 2
    assert unread_count(session, set()) == 0


def test_a_long_list_goes_on_where_it_stopped(session: Session) -> None:
    for number in range(5):
        post(session, "enterprise:E01", str(number), NOW)
    first = notices(session, {"enterprise:E01"}, read=False, limit=3)
    rest = notices(session, {"enterprise:E01"}, read=False, before_id=first[-1].id)
    assert [notice.title for notice in [*first, *rest]] == ["4", "3", "2", "1", "0"]


def test_the_first_reader_reads_for_the_group(session: Session) -> None:
    notice = post(session, "agency:A07:handler", "企业已撤回", NOW)
    mark_read(session, notice.id, GROUPS, actor="gx10", now=NOW)
    mark_read(session, notice.id, GROUPS, actor="gx11", now=NOW + timedelta(hours=1))
    assert (notice.read_by, notice.read_at) == ("gx10", NOW)
    assert unread_count(session, GROUPS) == 0
    assert notices(session, GROUPS, read=True) == [notice]


def test_nobody_reads_another_groups_notice(session: Session) -> None:
    notice = post(session, "enterprise:E01", "不予受理", NOW)
    for number, groups in ((notice.id, GROUPS), (notice.id + 1, {"enterprise:E01"})):
        with pytest.raises(CommandRefused, match="没有找到") as refusal:
            mark_read(session, number, groups, actor="gx10", now=NOW)
        assert refusal.value.status == 404
    assert notice.read_at is None


def test_a_message_queued_twice_under_one_key_is_one_message(session: Session) -> None:
    first = queue(session, template="S01", mobile="19400000106", text="【广东技改监测】…", key="k1", now=NOW)
    again = queue(session, template="S01", mobile="19400000106", text="【广东技改监测】…", key="k1", now=NOW)
    other = queue(session, template="S02", mobile="19400000021", text="【广东技改监测】…", key="k2", now=NOW)
    assert again is first
    assert outbox(session) == [other, first]
    assert (first.state, first.attempts, first.sent_at) == ("queued", 0, None)
    assert "19400000106" not in str(session.execute(text("SELECT mobile FROM outgoing_sms")).all())
