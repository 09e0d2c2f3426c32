"""线下盖章登记册: an agency registers what it stamps by hand and hands over, on pages and over REST."""

import csv
import io
from collections.abc import Callable

import pytest
from pypdf import PdfReader
from sqlalchemy import text

from engine import state
from engine.tables import Instance
from records.seals import OfflineSeal
from tests.web.conftest import Visitor
from tests.web.portal import Portal
from web.database import db

ClientOf = Callable[[str], Visitor]

ID_NO = "E12345678"
COLLECTED = {
    "stamped_on": "2026-03-02",
    "collected_on": "2026-03-02",
    "name": "黄例取",
    "id_type": "414",
    "id_no": ID_NO,
}


@pytest.fixture
def number(portal: Portal) -> str:
    """A certificate of ent01 from Nanhai, which has no electronic seal, issued on 2026-03-02."""
    filing = portal.draft(agency="A08")
    portal.submit(filing["id"])
    for decision in ("accept", "approve", "issue"):
        assert portal.decide("gx16", filing["id"], decision, "同意").status_code == 200
    return str(portal.filing(filing["id"])["certificate"])


def entry(portal: Portal, user: str = "gx16") -> dict[str, object]:
    """The newest paper of the register."""
    items = portal.call(user, "GET", "/offline-seals").get_json()["items"]
    return dict(items[0])


def test_a_handler_stamps_and_hands_over_in_one_go(portal: Portal, client_of: ClientOf, number: str) -> None:
    official, user = client_of("gx16"), client_of("ent01")
    todo = official.read("/inbox/todo")
    assert "线下盖章登记" in todo
    assert str(entry(portal)["project_name"]) in todo
    filing_id = portal.call("gx16", "GET", f"/certificates/{number}").get_json()["filing_id"]
    task = f"/tasks/{portal.task('gx16', filing_id)['id']}"
    assert task in todo
    page = official.get(task).location  # the step has a page of its own
    assert page.startswith("/seals/")
    assert official.get(f"/filings/{filing_id}").location.startswith("/tasks/")  # what was filed is still read there
    for path in ("/certificates", f"/certificates/{number}"):
        assert "待线下盖章" in user.read(path)
    answer = official.post(page, official.form(page, page) | COLLECTED)
    assert answer.status_code == 303
    shown = official.read(answer.location)
    for words in ("已登记：备案证 已领取。", "****取", "护照 *****5678", "冯某四"):
        assert words in shown
    assert ID_NO not in shown
    assert "线下盖章登记" not in official.read("/inbox/todo").partition('<main id="main"')[2]
    for path in ("/certificates", f"/certificates/{number}", f"/verify?number={number}"):
        assert "已线下盖章" in user.read(path)


def test_what_is_stamped_first_is_collected_later_and_the_enterprise_is_told(
    portal: Portal, client_of: ClientOf, number: str
) -> None:
    official, user = client_of("gx16"), client_of("ent01")
    page = f"/seals/{entry(portal)['id']}"
    answer = official.post(page, official.form(page, page) | {"stamped_on": "2026-03-02", "id_type": "111"})
    assert answer.status_code == 303
    assert "备案证已盖章，可领取" in user.read("/inbox/unread")
    assert "待领取" in official.read("/seals?state=STAMPED")
    refused = official.post(
        page, official.form(page, page) | {"collected_on": "2026-03-01", "id_type": "111", "id_no": ID_NO}
    )
    assert refused.status_code == 422
    for words in (
        "「领取日期」不能早于「盖章日期」",
        "请填写「领取人姓名」",
        "「领取人身份证件」号码不正确",
        f'value="{ID_NO}"',
    ):
        assert words in refused.text
    told = COLLECTED | {"stamped_on": ""}
    assert official.post(page, official.form(page, page) | told).status_code == 303
    assert "已领取" in official.read(page)
    assert official.post(page, {**told, "command_id": "another"}).status_code == 409


def test_who_collects_is_unreadable_in_the_database_and_stands_in_no_case(portal: Portal, number: str) -> None:
    told = {
        "stamped_on": "2026-03-02",
        "collected_on": "2026-03-02",
        "collector": {"name": "黄例取", "id_type": "414", "id_no": ID_NO},
    }
    answer = portal.call("gx16", "POST", f"/offline-seals/{entry(portal)['id']}/register", json=told)
    assert answer.status_code == 200
    assert answer.get_json()["collector"] == {"name": "****取", "id_type": "414", "id_no": "*****5678"}
    with portal.app.app_context():
        assert db.session.query(OfflineSeal).one().collector == told["collector"]
        kept = [
            str(db.session.execute(text(f"SELECT * FROM {table}")).all())
            for table in ("offline_seal", "engine_task", "engine_history")
        ]
        kept += [str(state.variables(case.state)) for case in db.session.query(Instance)]
        for rows in kept:
            assert ID_NO not in rows
            assert "黄例取" not in rows


def test_the_register_is_read_by_its_agency_searched_and_kept_as_a_table(
    portal: Portal, client_of: ClientOf, number: str
) -> None:
    assert portal.call("gx10", "GET", "/offline-seals").get_json()["items"] == []
    assert portal.call("ent01", "GET", "/offline-seals").status_code == 403
    path = f"/offline-seals/{entry(portal)['id']}"
    assert portal.call("gx10", "GET", path).status_code == 404
    assert portal.call("gx16", "GET", path).get_json()["state"] == "PENDING"
    assert portal.call("gx16", "GET", "/offline-seals?state=COLLECTED").get_json()["items"] == []
    official = client_of("gx16")
    for query, found in (
        ("", True),
        (f"q={str(entry(portal)['project_name'])[:5]}", True),
        (f"q={number}", True),
        ("q=别的", False),
        ("issued_from=2026-03-03", False),
    ):
        assert (number in official.read(f"/seals?{query}")) is found, query
    [headings, line] = csv.reader(io.StringIO(official.get("/seals.csv?state=PENDING").text.removeprefix("\ufeff")))
    assert dict(zip(headings, line, strict=True)) | {"文书": "备案证", "文书编号": number, "状态": "待盖章"} == dict(
        zip(headings, line, strict=True)
    )
    assert client_of("gx10").get(f"/seals/{entry(portal)['id']}").status_code == 404


def test_the_slip_to_be_signed_leaves_room_for_what_is_not_registered_yet(
    portal: Portal, client_of: ClientOf, number: str
) -> None:
    official, page = client_of("gx16"), f"/seals/{entry(portal)['id']}"

    def slip() -> str:
        pdf = PdfReader(io.BytesIO(official.get(f"{page}/slip.pdf").data))
        return "".join((pdf.pages[0].extract_text() or "").split())

    assert len(PdfReader(io.BytesIO(official.get(f"{page}/slip.pdf").data)).pages) == 1
    blank = slip()
    for words in ("线下领取登记单", number, "领取人（签字）", "签发日期2026年03月02日"):
        assert words in blank
    assert official.post(page, official.form(page, page) | COLLECTED).status_code == 303
    filled = slip()
    assert "领取人姓名****取" in filled
    assert ID_NO not in filled


def test_a_revoked_certificate_is_not_stamped_any_more(portal: Portal, client_of: ClientOf, number: str) -> None:
    official, page = client_of("gx16"), f"/seals/{entry(portal)['id']}"
    revoked = portal.call("gx16", "POST", f"/certificates/{number}/revoke", json={"reason": "备案信息与实际不符"})
    assert revoked.status_code == 200
    assert entry(portal)["state"] == "CEASED"
    shown = official.read(page)
    assert "不再盖章、领取" in shown
    assert 'id="seal-form"' not in shown
