"""政策版本: imported whole or not at all, and a case keeps the one of its day (domain §5.5)."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

from tests.web.conftest import Visitor
from tests.web.portal import Portal

HEADING = {
    "kind": "industry_catalogue",
    "edition": "2026年本",
    "title": "《产业结构调整指导目录（2026年本）》（国家发展改革委令第99号）",
    "effective_from": "2026-03-03",
}
FILE = "代码,条目,类别\n鼓-1-1,智能农机装备,鼓励类\n限-1-1,落后机床,限制类\n"


def imported(portal: Portal, content: str = FILE, *, user: str = "admin", **query: str) -> Any:
    data = {"file": (BytesIO(content.encode()), "2026.csv")}
    return portal.call(user, "POST", "/editions/import", query_string=HEADING | query, data=data)


def edition_of(portal: Portal, filing: str) -> str:
    return str(portal.filing(filing)["form"]["catalogue_edition"])


def test_a_case_keeps_the_edition_of_its_day_and_the_next_one_has_the_new(portal: Portal) -> None:
    earlier = portal.draft()["id"]
    assert portal.submit(earlier).status_code == 200
    answer = imported(portal)
    assert answer.get_json() == {"imported": True, "entries": 2, "problems": []}
    assert edition_of(portal, earlier) == "2024年本"
    found = portal.call("ent01", "GET", "/lookups/policy-entries?kind=industry_catalogue&q=智能农机装备").get_json()
    assert found["items"] == []  # not in force yet
    portal.clock.advance(timedelta(days=1))
    found = portal.call("ent01", "GET", "/lookups/policy-entries?kind=industry_catalogue&q=智能农机装备").get_json()
    assert [item["value"] for item in found["items"]] == ["鼓-1-1"]
    later = portal.draft(project_code="2101-440704-04-02-102340")["id"]
    assert edition_of(portal, earlier) == "2024年本"
    assert portal.call("ent01", "POST", f"/filings/{later}/check").status_code in (200, 422)


def test_a_line_that_is_refused_keeps_everything_out_and_is_named(portal: Portal) -> None:
    wrong = "代码,条目,类别\n鼓-1,甲,鼓励类\n鼓-1,乙,鼓励类\n鼓-2,,允许类\n鼓-3,丙,好类\n"
    answer = imported(portal, wrong).get_json()
    assert answer["imported"] is False
    assert [(problem["line"], problem["column"]) for problem in answer["problems"]] == [
        (3, "代码"),
        (4, "条目"),
        (5, "类别"),
    ]
    assert "2026年本" not in [line["edition"] for line in portal.call("ent01", "GET", "/editions").get_json()]
    assert imported(portal, dry_run="true").get_json() == {"imported": False, "entries": 2, "problems": []}
    assert "2026年本" not in [line["edition"] for line in portal.call("ent01", "GET", "/editions").get_json()]
    assert imported(portal, user="security").status_code == 403


def test_an_edition_in_force_is_not_imported_again_and_one_to_come_is_replaced(portal: Portal) -> None:
    assert imported(portal).status_code == 200
    assert imported(portal, "代码,条目,类别\n鼓-9,丁,鼓励类\n").get_json()["entries"] == 1
    entries = portal.call("ent01", "GET", "/editions/industry_catalogue/2026年本/entries").get_json()["items"]
    assert [entry["code"] for entry in entries] == ["鼓-9"]
    answer = imported(portal, edition="2024年本")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == ["edition"]
    wrong = imported(portal, effective_to="2026-03-01")
    assert [error["field"] for error in wrong.get_json()["errors"]] == ["effective_to"]


def test_an_edition_is_checked_imported_searched_and_ended_on_the_pages(
    client_of: Callable[[str], Visitor],
) -> None:
    admin, path = client_of("admin"), "/administration/editions"
    assert "现行" in admin.read(path)
    fields: dict[str, Any] = {"csrf_token": admin.token(), "command_id": "c1"} | HEADING
    told = admin.post(path, fields | {"check": "1", "file": (BytesIO(FILE.encode()), "a.csv")})
    assert "文件没有问题，共 2 个条目。" in told.text
    refused = admin.post(path, fields | {"file": (BytesIO("代码,条目\n".encode()), "a.csv")})
    assert refused.status_code == 422
    assert "没有导入任何内容" in refused.text
    done = admin.post(path, fields | {"file": (BytesIO(FILE.encode()), "a.csv")}, follow=True)
    assert "已导入2026年本，共 2 个条目。" in done.text
    one = f"{path}/industry_catalogue/2026年本"
    assert "落后机床" in admin.read(f"{one}?q=限制")
    assert "智能农机装备" not in admin.read(f"{one}?q=限制")
    change = {"title": HEADING["title"], "effective_from": "2026-03-03", "effective_to": "2026-02-01"}
    shown = {"csrf_token": admin.token(), "command_id": "c2"}
    assert "失效日期不能早于施行日期。" in admin.post(one, shown | change).text
    assert admin.post(one, shown | change | {"effective_to": "2030-12-31"}).status_code == 303
    assert "2030年12月31日" in admin.read(path) or "2030-12-31" in admin.read(path)
