"""Every page, as everybody may see it: axe-core finds nothing serious, nothing is too wide for a telephone, and the
browser complains of nothing: no error of a script, no missing file, nothing that the policy of the pages (CSP) forbids.

The pages are those of the URL map, so that no new one is forgotten. They are found as people find them, by following
links from the top page, which also shows that links lead somewhere.
"""

import html
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Page
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import MapAdapter, RequestRedirect

from records.exports import Export
from tests.browser.people import Demo, cut_off, form_of, log_in, new_code
from tests.web.test_demo_process import ROOT, running
from web.app import create_app
from web.database import db
from web.settings import Settings

pytestmark = pytest.mark.slow

Open = Callable[..., Page]

AXE = ROOT / "node_modules/axe-core/axe.min.js"

PEOPLE = {
    "visitor": (None,),
    "enterprise": ("ent08", "ent01", "ent04", "ent06"),
    "staff": ("gx10", "gx13", "province", "admin", "security", "auditor"),
}
"""Users by kind, who have the same templates. A page is looked at for the first of a kind who is led there."""

NOT_VISITED = {
    "static": "files",
    "api-docs.openapi_json": "a file",
    "administration.audit_table": "a file",
    "administration.audit_cases_table": "a file",
    "enterprise.application": "a file",
    "enterprise.attachment": "a file",
    "enterprise.change_letter": "a file",
    "enterprise.commitment": "a file",
    "enterprise.issued_paper": "a file",
    "enterprise.paper": "a file",
    "enterprise.seal_slip": "a file",
    "enterprise.seals_table": "a file",
    "exports.file": "a file",
    "office.statistics_file": "a file",
    "diagram.show": "data of the drawing",
    "auth.by_identity": "leads to 省统一身份认证平台",
    "auth.identity_return": "leads back from it: test_provincial_account",
    "auth.register": "leads to the register of 省统一身份认证平台",
    "inbox.open_notice": "leads to what the notice is about",
    "public.language": "leads back to where one was",
}
"""Endpoints of the pages' side that no browser is sent to, and why."""

_LINK = re.compile(r'<a\b[^>]*?\shref="([^"]+)"')

_WIDTHS = (1280, 390)
"""Looked at in the order that spares a change: a page is opened at the width at which the last one was left."""

_FRAME = "header.jg-topbar, nav.jg-side, nav.jg-tabs-bottom, footer.jg-foot"
"""What stands around every page."""

_AXE_RUN = """frame => axe.run(frame ? {exclude: [frame]} : document, {resultTypes: ["violations"], preload: false})
    .then(found => found.violations
        .filter(one => ["serious", "critical"].includes(one.impact))
        .map(one => `${one.id}: ${one.nodes.map(node => node.target.join(" ")).slice(0, 3).join(", ")}`))"""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo whose projects have a past, with drafts of what ent08 holds, and a correction."""
    with running(tmp_path_factory.mktemp("lived") / "var", past=True) as shown:
        shown.call("ent01", "POST", "/filings", form_of(new_code()))
        shown.call("ent06", "POST", "/approvals", {})
        filings = shown.call("ent08", "GET", "/filings")["items"]
        numbers = [str(one["certificate"]) for one in filings if one.get("certificate")]
        held = next(one for one in numbers if shown.call("ent08", "GET", f"/certificates/{one}")["status"] == "VALID")
        for kind in ("changes", "extensions"):
            shown.call("ent08", "POST", f"/{kind}", {"certificate": held})
        correction = {"texts": {"location": "江门市江海区示例八路9号"}, "reason": "门牌号录入有误"}
        shown.call("gx10", "POST", f"/certificates/{held}/correct", correction)
        yield shown


@pytest.fixture(scope="module")
def app(lived: Demo) -> Flask:
    """The application as the demo has it, in this process."""
    return create_app(Settings.from_environment(lived.environment))


@pytest.fixture
def without_links(lived: Demo, app: Flask) -> dict[str | None, list[str]]:
    """Addresses by user that are led to by scripts, by what was answered, or while something is under way."""
    with app.app_context():
        asked = Export(listing="projects", form="xlsx", language="zh", asked="", asked_by="gx10", total=50_000)
        asked.asked_at, asked.written = datetime.now(UTC), 12_000
        db.session.add(asked)
        db.session.commit()
        under_way = f"/office/exports/{asked.id}"
    case = lived.call("admin", "GET", "/instances?status=running")["items"][0]["id"]
    return {
        None: ["/api/docs"],
        "ent08": ["/approvals/new"],  # from the filing form (V17)
        "ent06": ["/approvals/drafts"],  # one of three lists at one rule
        "gx10": [under_way],
        "admin": ["/administration/jobs?state=due", f"/administration/cases/{case}/retry"],
    }


@pytest.fixture
def addresses(lived: Demo, app: Flask) -> MapAdapter:
    """Which endpoint an address of the demo belongs to."""
    return app.url_map.bind(urlsplit(lived.base).netloc)


class Sight:
    """What was looked at, and what was wrong with it."""

    def __init__(self, addresses: MapAdapter, page: Page) -> None:
        self.addresses = addresses
        self.page = page
        self.complaints = _complaints(page)
        self.visited = set[str]()
        self.wrong: list[str] = []

    def walk(self, username: str | None, begin: list[str], seen: set[str], done: set[str]) -> None:
        """Follow somebody's links to one address of each rule, and look at those of rules that nobody has `seen`.

        What is `done` is passed by.
        """
        waiting, met, frames = begin, set[str](), set[bool]()
        while waiting:
            link = urlsplit(waiting.pop(0))
            if link.netloc not in ("", self.addresses.server_name) or not link.path.startswith("/"):
                continue
            try:
                rule, _ = self.addresses.match(link.path, method="GET", return_rule=True)
            except (NotFound, MethodNotAllowed, RequestRedirect) as wrong:
                raise AssertionError(f"a link leads to {link.path}: {wrong}") from wrong
            self.visited.add(rule.endpoint)
            if rule.rule in met | done or rule.endpoint in NOT_VISITED:
                continue
            met.add(rule.rule)
            address = link._replace(scheme="", netloc="", fragment="").geturl()
            if rule.rule in seen:
                waiting += _links(self.page.context.request.get(address).text())
                continue
            self.complaints.clear()
            self.wrong += [f"{username} {address}: {one}" for one in _wrongs(self.page, address, frames)]
            self.wrong += [f"{username} {address}: {one}" for one in self.complaints]
            waiting += _links(self.page.content())
        seen |= met


def _links(text: str) -> list[str]:
    return [html.unescape(link) for link in _LINK.findall(text)]


def _complaints(page: Page) -> list[str]:
    """What the browser will complain of: errors of scripts, files that are not there, what the policy forbids."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def _wrongs(page: Page, path: str, frames: set[bool]) -> list[str]:
    """What is wrong with a page, in words. The frame is looked at once with a side menu and once without."""
    answer = page.goto(path)
    assert answer is not None
    wrong = [] if answer.status < 400 else [f"status {answer.status}"]
    if not page.title() or page.locator("h1").count() != 1:
        wrong.append(f"title {page.title()!r}, {page.locator('h1').count()} h1")
    framed = page.locator("nav.jg-side").count() > 0
    frame = _FRAME if framed in frames else None
    frames.add(framed)
    now = page.viewport_size
    assert now is not None
    for width in sorted(_WIDTHS, key=lambda width: width != now["width"]):
        if width != now["width"]:
            page.set_viewport_size({"width": width, "height": 800})
        wrong += [f"{width}: {one}" for one in page.evaluate(_AXE_RUN, frame)]
        over = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        if over > 0:
            wrong.append(f"{over} pixels too wide for {width}")
        wrong += [f"{width}: {one}" for one in cut_off(page)]
    return wrong


def test_no_page_has_anything_serious_against_it(
    new_page: Open, lived: Demo, addresses: MapAdapter, without_links: dict[str | None, list[str]]
) -> None:
    page = new_page(base_url=lived.base, reduced_motion="reduce")
    page.add_init_script(path=AXE)  # put in by the browser itself, so that the policy stays as it is
    sight, public = Sight(addresses, page), set[str]()
    for people in PEOPLE.values():
        seen = set[str]()
        for username in people:
            page.context.clear_cookies()
            page.goto("/")
            begin = ["/", *without_links.get(username, [])]
            if username is not None:
                log_in(page, username)
            else:
                begin.append(_ask_for_merge(page))
            sight.walk(username, begin, seen, public)
        public = public or seen - {"/"}
    assert not sight.wrong, "\n".join(sight.wrong)
    rules = [rule for rule in addresses.map.iter_rules() if "GET" in (rule.methods or ())]
    there = {rule.endpoint for rule in rules if not rule.rule.startswith("/api/v1/")}
    assert there <= sight.visited | NOT_VISITED.keys(), "nobody is led there"


def _ask_for_merge(page: Page) -> str:
    """The address of a request for accounts to be merged, which only who made it is told."""
    page.goto("/login/merge")
    page.get_by_role("textbox", name="企业名称").fill("佛山市南澜家电制造有限公司")
    page.get_by_role("textbox", name="联系人手机号码").fill("19400000023")
    page.get_by_role("button", name="提交申请").click()
    page.wait_for_url("**/login/merge/*")
    return page.url
