"""What no column can hold, from whomever it comes, is refused in words: it is no failure of ours."""

import pytest

from tests.web.conftest import Visitor
from tests.web.portal import Portal

HUGE = "99999999999999999999"
ANYBODY = (
    "/verify/%00",
    "/verify?number=%00",
    "/policies/%00",
    "/login/merge/%00",
    "/api/v1/verify/%00",
)
OFFICIAL = (
    "/search?q=ab%00c",
    "/office/projects?q=ab%00c",
    "/office/statistics?region=%00",
    "/office/statistics?issued_from=0001-01-01",
    "/filings/a%00b",
    "/tasks/a%00b",
    "/api/v1/search?q=ab%00c",
    "/api/v1/filings/%00",
    "/api/v1/lookups/industry-classes?q=%00",
)
ADMINISTRATOR = (f"/api/v1/sms?cursor={HUGE}",)
AUDITOR = (
    f"/api/v1/audit/acts?cursor={HUGE}",
    "/administration/audit?since=0001-01-01",
    "/administration/audit?until=9999-12-31",
    "/administration/audit/cases?since=0001-01-01",
    f"/administration/audit/cases?page={HUGE}",
    "/administration/access?day=9999-12-31",
    "/administration/access?day=0001-01-01",
)
ASKED = {None: ANYBODY, "gx10": OFFICIAL, "admin": ADMINISTRATOR, "auditor": AUDITOR}


@pytest.fixture
def portal(portal_on_each: Portal) -> Portal:
    return portal_on_each


def visitor_of(portal: Portal, user: str | None) -> Visitor:
    visitor = Visitor(portal.app)
    if user is not None:
        assert visitor.log_in(user, "official").status_code == 302
    return visitor


def test_what_is_asked_for_with_values_out_of_range_is_refused_or_not_there(portal: Portal) -> None:
    wrong: dict[str, int] = {}
    for user, paths in ASKED.items():
        visitor = visitor_of(portal, user)
        wrong |= {path: status for path in paths if (status := visitor.get(path).status_code) not in (200, 404, 422)}
    assert not wrong


def test_what_is_sent_with_values_out_of_range_is_refused(portal: Portal) -> None:
    for path, body in (
        ("/filings", {"project_code": "a\0"}),
        ("/tokens", {"name": "a\0", "scope": "READ", "days": 30}),
    ):
        assert portal.call("ent01", "POST", path, json=body).status_code in (201, 422), path
    answer = visitor_of(portal, None).log_in("a\0b", "official")
    assert answer.status_code in (401, 422)
