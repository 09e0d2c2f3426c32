"""Every page, as everybody may see it: axe-core finds nothing serious, and nothing is too wide for a telephone.

The pages are those of the URL map, so that no new one is forgotten. They are found as people find them, by following
links from the top page, which also shows that links lead somewhere.
"""

import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import MapAdapter, RequestRedirect

from tests.browser.people import Demo, form_of, log_in, new_code
from tests.web.test_demo_process import ROOT, running
from web.app import create_app
from web.settings import Settings

pytestmark = pytest.mark.slow

Open = Callable[..., Page]

AXE = ROOT / "node_modules/axe-core/axe.min.js"

PEOPLE = {
    "visitor": (None,),
    "enterprise": ("ent08", "ent01", "ent04"),
    "official": ("gx10", "gx11", "gx13", "province"),
    "administrator": ("admin", "security", "auditor"),
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
    "api_docs": "drawn by a reader of the interface's description, linked from no page",
    "diagram.show": "data of the drawing",
    "auth.by_identity": "leads to 省统一身份认证平台",
    "auth.identity_return": "leads back from it: test_provincial_account",
    "auth.register": "leads to the register of 省统一身份认证平台",
    "inbox.open_notice": "leads to what the notice is about",
    "public.language": "leads back to where one was",
    "account.merge": "the demo has no such request",
    "auth.merge_request": "the demo has no such request",
    "administration.case": "the demo has no failed case",
    "administration.job": "the demo has no failed job",
    "enterprise.correction": "the demo has no correction",
    "enterprise.edit_approval": "the demo has no such draft",
    "exports.page": "an export of the demo's few rows is answered at once",
}
"""Endpoints of the pages' side that no browser is sent to, and why."""

BY_SCRIPTS = {"enterprise": ["/approvals/new"]}
"""Where scripts lead a kind of user, which no link in a page's text does: from the filing form to approval (V17)."""

_LINK = re.compile(r'<a\b[^>]*?\shref="([^"]+)"')

_AXE_RUN = """axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations
    .filter(one => ["serious", "critical"].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes.map(node => node.target.join(" ")).slice(0, 3).join(", ")}`))"""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo whose projects have a past, and drafts of what ent08 holds."""
    with running(tmp_path_factory.mktemp("lived") / "var", past=True) as shown:
        shown.call("ent01", "POST", "/filings", form_of(new_code()))
        filings = shown.call("ent08", "GET", "/filings")["items"]
        numbers = [str(one["certificate"]) for one in filings if one.get("certificate")]
        held = next(one for one in numbers if shown.call("ent08", "GET", f"/certificates/{one}")["status"] == "VALID")
        for kind in ("changes", "extensions"):
            shown.call("ent08", "POST", f"/{kind}", {"certificate": held})
        yield shown


@pytest.fixture(scope="module")
def addresses(lived: Demo) -> MapAdapter:
    """Which endpoint an address of the demo belongs to."""
    app = create_app(Settings.from_environment(lived.environment))
    return app.url_map.bind(urlsplit(lived.base).netloc)


def _links(context: BrowserContext, path: str) -> list[str]:
    """Where a page leads; nowhere if it is a file."""
    answer = context.request.get(path)
    assert answer.status < 400, f"{path}: {answer.status}"
    if not answer.headers["content-type"].startswith("text/html"):
        return []
    return [html.unescape(link) for link in _LINK.findall(answer.text())]


def _pages(context: BrowserContext, addresses: MapAdapter, begin: list[str]) -> dict[str, tuple[str, str]]:
    """One address of each rule that somebody's links lead to, with its endpoint."""
    waiting, found = begin, dict[str, tuple[str, str]]()
    while waiting:
        link = urlsplit(waiting.pop(0))
        if link.netloc not in ("", addresses.server_name) or not link.path.startswith("/"):
            continue
        try:
            rule, _ = addresses.match(link.path, method="GET", return_rule=True)
        except (NotFound, MethodNotAllowed, RequestRedirect) as wrong:
            raise AssertionError(f"a link leads to {link.path}: {wrong}") from wrong
        if rule.rule in found or NOT_VISITED.get(rule.endpoint, "").startswith("leads"):
            continue
        address = link._replace(scheme="", netloc="", fragment="").geturl()
        found[rule.rule] = (address, rule.endpoint)
        if rule.endpoint != "static":
            waiting += _links(context, address)
    return found


def _complaints(page: Page) -> list[str]:
    """What the browser will complain of: errors of scripts, and files that are not there."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def _wrongs(page: Page, path: str, complaints: list[str]) -> list[str]:
    """What is wrong with a page, in words."""
    complaints.clear()
    page.set_viewport_size({"width": 1280, "height": 800})
    answer = page.goto(path)
    assert answer is not None
    wrong = [] if answer.status < 400 else [f"status {answer.status}"]
    if not page.title() or page.locator("h1").count() != 1:
        wrong.append(f"title {page.title()!r}, {page.locator('h1').count()} h1")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    wrong += page.evaluate(_AXE_RUN)
    page.set_viewport_size({"width": 390, "height": 844})
    wrong += [f"390: {one}" for one in page.evaluate(_AXE_RUN)]
    over = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    if over > 0:
        wrong.append(f"{over} pixels too wide for a telephone")
    return wrong + complaints


def test_no_page_has_anything_serious_against_it(new_page: Open, lived: Demo, addresses: MapAdapter) -> None:
    visited = set[str]()
    wrong: list[str] = []
    for kind, people in PEOPLE.items():
        seen = set[str]()
        for username in people:
            # The policy of the pages forbids a script from outside, which axe-core is; nothing else is let in.
            page = new_page(base_url=lived.base, reduced_motion="reduce", bypass_csp=True)
            complaints = _complaints(page)
            page.goto("/")
            if username is not None:
                log_in(page, username)
            pages = _pages(page.context, addresses, ["/", *BY_SCRIPTS.get(kind, [])])
            for path, endpoint in (pages[rule] for rule in pages.keys() - seen):
                visited.add(endpoint)
                if endpoint not in NOT_VISITED:
                    wrong += [f"{username} {path}: {one}" for one in _wrongs(page, path, complaints)]
            seen |= pages.keys()
            page.context.close()
    assert not wrong, "\n".join(wrong)
    rules = [rule for rule in addresses.map.iter_rules() if "GET" in (rule.methods or ())]
    there = {rule.endpoint for rule in rules if not rule.rule.startswith("/api/v1/")}
    assert there <= visited | NOT_VISITED.keys(), "nobody is led there"
