"""信息公告 (R57): written, published, withdrawn; the home page shows what is public."""

from collections.abc import Callable

from tests.web.conftest import Visitor
from tests.web.portal import Portal

TEXT = {"title": "系统升级公告", "body": "本周六升级。\n请提前保存。", "publisher": "广东省工业和信息化厅"}


def test_a_notice_is_read_by_everybody_once_it_is_published_and_not_after_it_is_withdrawn(portal: Portal) -> None:
    made = portal.call("admin", "POST", "/bulletins", json=TEXT).get_json()
    assert made["public"] is False
    page = f"/announcements/item/{made['id']}"
    assert "系统升级公告" not in portal.client.get("/").text
    assert portal.client.get(page).status_code == 404
    assert portal.call("admin", "POST", f"/bulletins/{made['id']}/publish").get_json()["public"] is True
    assert "系统升级公告" in portal.client.get("/").text
    assert "请提前保存。" in portal.client.get(page).text
    assert portal.call("admin", "POST", f"/bulletins/{made['id']}/publish").status_code == 409
    changed = portal.call("admin", "PUT", f"/bulletins/{made['id']}", json=TEXT | {"body": "改到周日。"})
    assert changed.get_json()["public"] is True
    assert portal.call("admin", "POST", f"/bulletins/{made['id']}/withdraw").status_code == 200
    assert "系统升级公告" not in portal.client.get("/announcements").text
    acts = portal.call("auditor", "GET", "/audit/acts").get_json()["items"]
    assert [act["act"] for act in reversed(acts)] == [
        "bulletin.saved",
        "bulletin.published",
        "bulletin.saved",
        "bulletin.withdrawn",
    ]
    assert portal.call("security", "POST", "/bulletins", json=TEXT).status_code == 403


def test_a_notice_is_written_and_published_on_the_page(client_of: Callable[[str], Visitor], portal: Portal) -> None:
    admin, path = client_of("admin"), "/administration/bulletins/new"
    fields = admin.form(path, path)
    refused = admin.post(path, fields | TEXT | {"title": ""})
    assert refused.status_code == 422
    assert "请填写标题（不超过 200 个字）。" in refused.text
    assert "本周六升级。" in refused.text
    assert "“系统升级公告”已发布。" in admin.post(path, fields | TEXT | {"then": "publish"}, follow=True).text
    assert "系统升级公告" in portal.client.get("/").text
    listed = admin.read("/administration/bulletins")
    [number] = [part.split('"')[0] for part in listed.split('href="/administration/bulletins/') if part[0].isdigit()][
        :1
    ]
    edit = f"/administration/bulletins/{number}"
    shown = admin.form(edit, edit)
    assert admin.post(edit, shown | TEXT | {"then": "withdraw"}).status_code == 303
    assert admin.post(edit, shown | TEXT | {"body": "另一人", "seen": "0"}).status_code == 409
