"""Lists over REST go on from a cursor that an earlier page gave, and from no other."""

from io import BytesIO

import pytest

from tests.web.portal import Portal

ENTRIES = "/editions/industry_catalogue/2026年本/entries"
LISTS = {
    "ent01": (
        "/filings",
        "/filings?status=DRAFT",
        "/approvals",
        "/changes",
        "/extensions",
        "/cancellations",
        "/revocations",
        "/corrections",
        "/tasks?box=todo",
        "/tasks?box=done",
        ENTRIES,
    ),
    "gx10": ("/filings", "/offline-seals", "/staff", "/substitutions", "/projects", "/enterprises"),
    "admin": ("/sms", "/instances", "/jobs", "/staff", "/substitutions"),
    "auditor": ("/audit/acts",),
}


@pytest.fixture
def portal(portal_on_each: Portal) -> Portal:
    heading = {"kind": "industry_catalogue", "edition": "2026年本", "title": "目录", "effective_from": "2026-03-03"}
    file = "代码,条目,类别\n鼓-1,甲,鼓励类\n鼓-2,乙,鼓励类\n限-1,丙,限制类\n"
    data = {"file": (BytesIO(file.encode()), "2026.csv")}
    answer = portal_on_each.call("admin", "POST", "/editions/import", query_string=heading, data=data)
    assert answer.status_code == 200, answer.text
    return portal_on_each


def test_a_cursor_that_no_page_gave_is_refused(portal: Portal) -> None:
    shown: dict[str, tuple[int, str | None]] = {}
    for user, paths in LISTS.items():
        for path in paths:
            for cursor in ("zzz", ""):
                answer = portal.call(user, "GET", f"{path}{'&' if '?' in path else '?'}cursor={cursor}")
                problem = answer.get_json()
                if (answer.status_code, problem.get("detail")) != (422, "分页位置无效。"):
                    shown[f"{user} {path} {cursor!r}"] = answer.status_code, problem.get("detail")
    assert not shown


def test_each_page_leads_to_the_next(portal: Portal) -> None:
    drafts = {portal.draft()["id"] for _ in range(3)}
    for user, path, name, expected in (
        ("ent01", "/filings", "id", drafts),
        ("ent01", ENTRIES, "code", {"鼓-1", "鼓-2", "限-1"}),
        ("gx10", "/staff", "username", {"gx10", "gx11", "gx12"}),
        ("auditor", "/audit/acts", "id", set()),
    ):
        page = portal.call(user, "GET", path, query_string={"limit": "1"}).get_json()
        seen = [item[name] for item in page["items"]]
        while page["next"]:
            page = portal.call(user, "GET", path, query_string={"limit": "1", "cursor": page["next"]}).get_json()
            seen += [item[name] for item in page["items"]]
        assert expected <= set(seen), path
        assert 0 < len(seen) == len(set(seen)), path


def test_a_cursor_out_of_ones_sight_is_none(portal: Portal) -> None:
    number = portal.draft("ent02")["number"]
    assert portal.call("ent02", "GET", f"/filings?cursor={number}").status_code == 200
    assert portal.call("ent01", "GET", f"/filings?cursor={number}").status_code == 422
