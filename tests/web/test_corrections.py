"""更正 on pages and over REST: drawn up by one official, signed by another, told to the enterprise and to everybody."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from pypdf import PdfReader

from tests.web.conftest import Visitor
from tests.web.portal import Portal

ClientOf = Callable[[str], Visitor]

PLACE = "江门市江海区外海街道示例路2号"
REASON = "录入时门牌号有误"


@pytest.fixture
def number(portal: Portal) -> str:
    """A certificate of ent01, issued by the officials of Jianghai on 2026-03-02."""
    filing = portal.draft()
    portal.submit(filing["id"])
    return portal.issue(filing["id"])


def correct(portal: Portal, number: str, user: str = "gx10", **texts: str) -> Any:
    body = {"texts": texts or {"location": PLACE}, "reason": REASON}
    return portal.call(user, "POST", f"/certificates/{number}/correct", json=body)


def sign(portal: Portal, correction_id: str, user: str = "gx12", decision: str = "issue", opinion: str = "") -> Any:
    return portal.decide(user, correction_id, decision, opinion)


def test_an_official_corrects_and_another_signs(portal: Portal, client_of: ClientOf, number: str) -> None:
    official, signer, user = client_of("gx10"), client_of("gx12"), client_of("ent01")
    path = f"/certificates/{number}/correct"
    assert path in official.read("/corrections/new")
    form = official.read(path)
    assert re.findall(r'<label class="jg-label" for="(\w+)"', form) == [
        *("enterprise_name", "project_name", "location", "scale_content", "reason")
    ]
    old = portal.call("ent01", "GET", f"/certificates/{number}").get_json()["filing_id"]
    before = portal.filing(old)["form"]["location"]
    typed = {"location": PLACE, "project_name": portal.filing(old)["project_name"]}
    refused = official.post(path, official.form(path, path) | typed)
    assert refused.status_code == 422
    assert "请填写「更正原因」" in refused.text
    assert PLACE in refused.text
    answer = official.post(path, official.form(path, path) | typed | {"reason": REASON})
    assert answer.status_code == 303
    assert "待签发" in official.read(answer.location)
    assert ("去办理" in official.read(answer.location), "去办理" in signer.read(answer.location)) == (False, True)

    assert user.get(answer.location).status_code == 404  # what is not signed is not told
    assert number not in user.read("/corrections")

    correction_id = answer.location.rpartition("/")[2]
    task = f"/tasks/{portal.task('gx12', correction_id)['id']}"
    signer.post(f"{task}/claim", signer.form(task, f"{task}/claim"))
    shown = signer.read(task)
    for words in (f"<del>{before}</del> → <ins>{PLACE}</ins>", REASON, "李经办", "签发更正"):
        assert words in shown
    done = signer.post(f"{task}/complete", signer.form(task, f"{task}/complete") | {"decision": "issue"}, follow=True)
    assert "已提交：签发。" in done.text
    portal.settle()

    assert portal.filing(old)["form"]["location"] == PLACE
    notice = re.search(r'href="(/inbox/notices/\d+)"', user.read("/inbox/unread"))
    assert notice is not None
    assert user.get(notice[1]).location == answer.location
    note = f"「建设地点」原为“{before}”，更正为“{PLACE}”。"
    page = user.read(answer.location)
    for words in ("已更正", note, f"2026-{number}-更1", "电子签章"):
        assert words in page
    assert f"2026-{number}-更1" in user.read("/archive")
    assert "备案更正" in user.read(f"/certificates/{number}")


def test_everybody_reads_what_was_corrected_and_the_certificate_is_not_made_again(
    portal: Portal, client_of: ClientOf, visitor: Visitor, number: str
) -> None:
    filing_id = portal.call("ent01", "GET", f"/certificates/{number}").get_json()["filing_id"]
    paper = portal.call("ent01", "GET", f"/certificates/{number}/pdf").data
    first = correct(portal, number).get_json()["id"]
    assert sign(portal, first).status_code == 200
    second = correct(portal, number, "gx11", enterprise_name="江门市星烁光电科技股份有限公司").get_json()["id"]
    assert sign(portal, second).status_code == 200
    assert portal.call("ent01", "GET", f"/certificates/{number}/pdf").data == paper
    assert portal.call("ent01", "GET", f"/filings/{filing_id}").get_json()["enterprise"]["name"] == (
        "江门市星烁光电科技股份有限公司"
    )
    token = portal.call("ent01", "GET", f"/certificates/{number}").get_json()["verify_token"]
    told = portal.call(None, "GET", f"/verify/{token}").get_json()
    assert [c["number"] for c in told["corrections"]] == [f"2026-{number}-更1", f"2026-{number}-更2"]
    page = visitor.read(f"/verify/{token}")
    assert f"更正为“{PLACE}”。" in page
    assert "更正为“江门市星烁光电科技股份有限公司”。" in page
    listed = visitor.read("/announcements")
    assert "备案证的公告" in listed
    item = re.search(r'href="(/announcements/item/\d+)"', listed)
    assert item is not None
    assert "有文字错误，现予更正：" in visitor.read(item[1])


def test_the_corrigendum_says_what_stood_there_and_is_verified_by_its_code(
    portal: Portal, client_of: ClientOf, visitor: Visitor, number: str
) -> None:
    correction_id = correct(portal, number).get_json()["id"]
    assert sign(portal, correction_id).status_code == 200
    user = client_of("ent01")
    address = re.search(r'href="(/papers/\w+)"', user.read(f"/corrections/{correction_id}"))
    assert address is not None
    [sheet] = PdfReader(io.BytesIO(user.get(address[1]).data)).pages
    text = "".join((sheet.extract_text() or "").split())
    for words in ("备案证的说明", "有文字错误，现更正如下：", PLACE, f"更正原因：{REASON}", "本说明与原备案证配合使用"):
        assert words in text
    code = re.search(r"verify/([\w-]+)", text)
    assert code is not None
    page = visitor.read(f"/verify/{code[1].removesuffix('广东省工业和信息化厅监制')}")
    assert "该更正说明真实" in page
    assert "建设地点" in page


def test_an_enterprise_is_not_led_to_a_correction_that_is_not_signed(
    portal: Portal, client_of: ClientOf, number: str
) -> None:
    correct(portal, number)
    page = client_of("ent01").get(f"/certificates/{number}/change", follow_redirects=True)
    assert page.status_code == 200
    assert "办结后才能申请变更" in page.text


def test_who_may_correct(portal: Portal, client_of: ClientOf, number: str) -> None:
    assert correct(portal, number, "ent01").status_code == 403
    assert correct(portal, number, "gx16").status_code == 404
    assert client_of("ent01").get("/corrections/new").status_code == 403
    refused = correct(portal, number, **{"money.total": "800"})
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["code"] == "G03"
    assert correct(portal, number, colour="red").status_code == 422
    own = correct(portal, number, "gx12").get_json()["id"]
    assert sign(portal, own).get_json()["code"] == "own_correction"
    assert sign(portal, own, decision="refuse", opinion="不再更正").status_code == 200
    assert "不予更正" in client_of("gx10").read(f"/corrections/{own}")
