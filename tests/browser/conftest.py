"""A demo that all browser tests share, and people who use it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import Demo, log_in
from tests.web.test_demo_process import running

expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`jigai demo` as a process of its own. Tests share it, so each has filings of its own."""
    with running(tmp_path_factory.mktemp("demo") / "var") as shown:
        yield shown


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """Who has logged in before, and the cookies they got."""
    return {}


@pytest.fixture
def visit(new_page: Callable[..., Page], site: Demo) -> Callable[..., Page]:
    """`visit(path, **options)`: a page of the site, for somebody who is not logged in."""

    def open_page(path: str, **options: Any) -> Page:
        # Without smooth scrolling a page is where it will stay at once.
        page = new_page(base_url=site.base, reduced_motion="reduce", **options)
        page.goto(path)
        return page

    return open_page


@pytest.fixture
def visit_as(visit: Callable[..., Page], sessions: dict[str, Any]) -> Callable[..., Page]:
    """`visit_as("gx10", path, **options)`: a page for one of the demo's users, in a window of their own.

    The first time they log in as people do; after that they have their session.
    """

    def open_page(username: str, path: str, **options: Any) -> Page:
        if username in sessions:
            return visit(path, storage_state=sessions[username], **options)
        page = visit("/", **options)
        log_in(page, username)
        sessions[username] = page.context.storage_state()
        page.goto(path)
        return page

    return open_page
