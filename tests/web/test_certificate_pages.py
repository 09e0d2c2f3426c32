"""Pages about an issued certificate, used without scripts: progress, 注销, 撤销, and the menus that lead there."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.servers import Prepare
from tests.web.conftest import Visitor
from tests.web.portal import Portal, load_certificate

ClientOf = Callable[[str], Visitor]

SIDE = re.compile(r'<nav class="jg-side".*?</nav>', re.DOTALL)
LABEL = re.compile(r'<span class="jg-nav-label">([^<]+)</span>')


@pytest.fixture
def prepared() -> Prepare:
    return load_certificate


@pytest.fixture
def number(portal: Portal) -> str:
    """A certificate of ent01, issued by the officials of Jianghai on 2026-03-02."""
    return portal.certificate


def menu(page: str) -> list[str]:
    found = SIDE.search(page)
    assert found is not None
    return LABEL.findall(found[0])


def told(visitor: Visitor, number: str, **fields: Any) -> Any:
    """Post the form of a certificate's progress with some fields."""
    path = f"/certificates/{number}/progress"
    return visitor.client.post(path, data=visitor.form(path, path) | {"csrf_token": visitor.token()} | fields)


# The menus


def test_an_enterprise_has_the_deck_s_menu_in_the_deck_s_order(client_of: ClientOf) -> None:
    """And 项目核准 beside 项目备案, whose menu the deck does not show."""
    assert menu(client_of("ent01").read("/workbench"))[:11] == [
        *("任务管理", "我的项目", "项目备案", "项目核准", "项目进展", "我的备案证", "延期管理", "变更管理"),
        *("撤销管理", "注销管理", "企业信息"),
    ]


def test_an_official_finds_progress_and_revocations_under_business(client_of: ClientOf) -> None:
    assert [
        label for label in menu(client_of("gx10").read("/inbox/todo")) if label in ("项目进展", "撤销管理", "注销管理")
    ] == ["项目进展", "撤销管理", "注销管理"]


def test_breadcrumbs_say_where_one_is(client_of: ClientOf, number: str) -> None:
    user = client_of("ent01")
    for path, way in (
        ("/progress", ["业务办理", "我的项目", "项目进展"]),
        ("/cancellations/new", ["业务办理", "注销管理", "注销项目"]),
        (f"/certificates/{number}/progress", ["业务办理", "我的项目", "项目进展", "项目进展填报"]),
    ):
        crumbs = re.search(r'<ol class="jg-crumbs">(.*?)</ol>', user.read(path), re.DOTALL)
        assert crumbs is not None
        assert re.findall(r">([^<>]+)</(?:a|span)>", crumbs[1]) == way, path


# Progress


def test_progress_is_told_and_cleared_with_a_plain_form(client_of: ClientOf, number: str) -> None:
    user = client_of("ent01")
    assert "未填写" in user.read("/progress")
    answer = told(user, number, start_date="2026-03-02", completion_date="2026-03-02", completion_note="已试产")
    assert answer.status_code == 303
    page = user.read("/progress")
    assert "2026-03-02" in page
    assert "已完工" in page
    assert told(user, number, start_date="2026-03-02", completion_date="").status_code == 303
    assert "已完工" not in user.read("/progress").partition("<tbody>")[2]


def test_a_refused_report_is_shown_as_it_was_typed_with_each_complaint_at_its_field(
    client_of: ClientOf, number: str
) -> None:
    fields = {"start_date": "2026-04-01", "year": ["2026", "2026"], "invested": ["12", "x"], "stage": ["土建", "设备"]}
    answer = told(client_of("ent01"), number, **fields)
    assert answer.status_code == 422
    assert 'value="2026-04-01"' in answer.text
    assert 'value="x"' in answer.text
    for target in ("start_date", "annual_reports-0-year", "annual_reports-1-year", "annual_reports-1-invested"):
        assert f'href="#{target}"' in answer.text
        assert f'id="{target}"' in answer.text


def test_what_is_no_day_is_refused_at_its_field(client_of: ClientOf, number: str) -> None:
    answer = told(client_of("ent01"), number, start_date="明天")
    assert answer.status_code == 422
    assert "应为日期，例如 2021-12-01" in answer.text
    assert 'value="明天"' in answer.text


def test_one_line_more_comes_without_scripts_and_an_empty_one_is_none(client_of: ClientOf, number: str) -> None:
    user = client_of("ent01")
    more = told(user, number, add="1", completion_note="说明")
    assert more.status_code == 200
    assert more.text.partition("<template")[0].count('name="year"') == 1
    assert "说明" in more.text
    assert told(user, number, year=[""], invested=[""], stage=[""], completion_note="说明").status_code == 303


def test_what_was_told_meanwhile_is_not_overwritten(portal: Portal, client_of: ClientOf, number: str) -> None:
    user = client_of("ent01")
    path = f"/certificates/{number}/progress"
    shown = user.form(path, path)
    assert portal.call("ent01", "POST", path, json={"start_date": "2026-03-02"}).status_code == 200
    answer = user.post(path, shown | {"completion_note": "另一页面"})
    assert answer.status_code == 409
    assert "不是最新内容" in answer.text
    assert "另一页面" in answer.text


def test_an_official_reads_what_was_told_of_his_agency_s_projects(
    portal: Portal, client_of: ClientOf, number: str
) -> None:
    report = {"annual_reports": [{"year": 2026, "invested": "1200", "stage": "设备安装"}]}
    assert portal.call("ent01", "POST", f"/certificates/{number}/progress", json=report).status_code == 200
    official = client_of("gx10")
    assert number in official.read("/progress?name=技术改造&show=unstarted")
    assert number not in official.read("/progress?show=completed")
    page = official.read(f"/certificates/{number}/progress")
    assert "1,200" in page
    assert "progress-form" not in page
    assert number not in client_of("gx16").read("/progress")
    assert client_of("gx16").get(f"/certificates/{number}/progress").status_code == 404


def test_the_project_s_page_says_what_is_to_be_told_next(client_of: ClientOf, number: str) -> None:
    user = client_of("ent01")
    assert "填报开工时间，备案证将长期有效" in user.read(f"/certificates/{number}")
    assert told(user, number, start_date="2026-03-02").status_code == 303
    page = user.read(f"/certificates/{number}")
    assert "填报开工时间，备案证将长期有效" not in page


# The end


def test_an_enterprise_cancels_with_reason_and_file(client_of: ClientOf, number: str) -> None:
    user = client_of("ent01")
    assert f"/certificates/{number}/cancel" in user.read("/cancellations/new")
    path = f"/certificates/{number}/cancel"
    file = (io.BytesIO(b"%PDF-1.7 reason"), "说明.pdf")
    answer = user.client.post(
        path,
        data=user.form(path, path) | {"csrf_token": user.token(), "reason": "不再实施", "files": file},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 303
    page = user.read(answer.location)
    for text in ("已注销，备案证已失效。", "已失效：企业注销", "不再实施", "说明.pdf"):
        assert text in page
    assert number in user.read("/cancellations")
    assert number not in user.read("/cancellations/new")
    assert "企业注销" in user.read(f"/certificates/{number}")
    assert "已失效" in user.read(f"/certificates/{number}/progress")
    assert number in user.read("/announcements/cancelled")
    assert user.get(path).location == "/cancellations"


def test_without_a_reason_nothing_is_cancelled_and_no_file_is_left(
    portal: Portal, client_of: ClientOf, number: str
) -> None:
    user = client_of("ent01")
    path = f"/certificates/{number}/cancel"
    for reason, file, complaint in (
        ("  ", (io.BytesIO(b"%PDF-1.7"), "说明.pdf"), "请填写注销原因"),
        ("不再实施", (io.BytesIO(b"GIF89a"), "说明.pdf"), "内容与扩展名.pdf不符"),
    ):
        answer = user.client.post(
            path,
            data=user.form(path, path) | {"csrf_token": user.token(), "reason": reason, "files": file},
            content_type="multipart/form-data",
        )
        assert answer.status_code in (415, 422)
        assert complaint in answer.text
        assert "请重新选择" in answer.text
    assert portal.call("ent01", "GET", f"/certificates/{number}").get_json()["status"] == "VALID"
    folder = portal.app.extensions["jigai"].settings.var / "attachments"
    assert not folder.exists() or list(folder.iterdir()) == []


def test_the_form_sent_twice_cancels_once(client_of: ClientOf, number: str) -> None:
    user = client_of("ent01")
    path = f"/certificates/{number}/cancel"
    sent = user.form(path, path) | {"reason": "不再实施"}
    first, second = user.post(path, sent), user.post(path, sent)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location


def test_an_official_revokes_and_the_enterprise_reads_why(client_of: ClientOf, number: str) -> None:
    official = client_of("gx10")
    path = f"/certificates/{number}/revoke"
    assert path in official.read("/revocations/new")
    answer = official.post(path, official.form(path, path) | {"reason": "备案信息与实际不符", "ground": "条例第十九条"})
    assert answer.status_code == 303
    assert "已失效：工信撤销" in official.read(answer.location)
    user = client_of("ent01")
    for page in (user.read(answer.location), user.read("/revocations")):
        assert "备案信息与实际不符" in page
    assert "/revocations/new" not in user.read("/revocations")
    # The notice leads to the reason.
    notice = re.search(r'href="(/inbox/notices/\d+)"', user.read("/inbox/unread"))
    assert notice is not None
    assert user.get(notice[1]).location == answer.location


def test_pages_that_end_certificates_are_for_those_who_may(client_of: ClientOf, number: str) -> None:
    for user, path, status in (
        ("ent01", f"/certificates/{number}/revoke", 403),
        ("ent01", "/revocations/new", 403),
        ("ent03", f"/certificates/{number}/cancel", 404),
        ("gx10", f"/certificates/{number}/cancel", 403),
        ("gx16", f"/certificates/{number}/revoke", 404),
    ):
        assert client_of(user).get(path).status_code == status, (user, path)
