"""What happens to one certificate at the same moment: whoever comes second finds what the first has done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy.orm import Session

from engine import jobs
from engine.commands import Command
from engine.errors import BusinessRefusal
from engine.scenario_files import moment
from records.documents import Document, DocumentStatus, about, create_draft
from records.extensions import Extension
from tasks import procedure
from tests.processes.lives import ENTERPRISE, Life, life

pytestmark = pytest.mark.slow


@pytest.fixture
def one(database_url: str) -> Iterator[Life]:
    """Issued on 2021-11-15, an hour before its last day is over."""
    with life(database_url=database_url) as certificate:
        certificate.until("2023-11-15 23:00")
        yield certificate


def draft(one: Life) -> str:
    def make(command: Command) -> str:
        filing = command.session.get_one(Document, one.filing_id)
        form = {"agency": "A07", "reason": "厂房消防验收延后"}
        return create_draft(command.session, about(Extension, filing), form, actor=ENTERPRISE, now=command.now).id

    return str(one.command(make))


def submit(extension_id: str) -> Callable[[Command], None]:
    return lambda command: void(procedure.submit(command, command.session.get_one(Document, extension_id)))


def void(_: object) -> None:
    """For the sake of lambdas."""


def refused(one: Life, give: Callable[[Command], None]) -> list[str]:
    """The codes for which a command is refused; none where it is not."""
    with Session(one.test.session.get_bind()) as session:
        try:
            with one.test.engine.command(session, actor=ENTERPRISE) as command:
                give(command)
        except BusinessRefusal as refusal:
            return [error.code for error in refusal.errors]
    return []


def test_of_two_extensions_at_once_one_is_refused(one: Life) -> None:
    drafts = [draft(one), draft(one)]
    both = threading.Barrier(2)

    def at_once(extension_id: str) -> list[str]:
        both.wait()
        return refused(one, submit(extension_id))

    with ThreadPoolExecutor(2) as pool:
        codes = sorted(pool.map(at_once, drafts))
    assert codes == [[], ["E04"]]
    one.test.advance()
    statuses = sorted(one.document(extension_id).status for extension_id in drafts)
    assert statuses == [DocumentStatus.DRAFT, DocumentStatus.SUBMITTED]


def test_an_extension_submitted_in_the_last_second_keeps_the_certificate_from_expiring(one: Life) -> None:
    """The submission holds the certificate when midnight strikes: the timer waits for it and finds it."""
    extension_id = draft(one)
    one.test.clock.set(moment("2023-11-15 23:59:59"))
    submitted = threading.Event()

    def slowly(command: Command) -> None:
        submit(extension_id)(command)
        one.test.clock.set(moment("2023-11-16 00:00"))
        submitted.set()
        threading.Event().wait(0.5)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(refused, one, slowly)
        submitted.wait(10)
        pool.submit(midnight, one).result(30)
        assert first.result(30) == []
    one.test.advance()
    assert one.standing == ("VALID", None, date(2023, 11, 15))
    assert one.case.waiting[-1] == "extension_settled"


def midnight(one: Life) -> None:
    """Whatever is due now, by a worker of its own."""
    with Session(one.test.session.get_bind()) as session:
        jobs.carry_out_due(one.test.engine, session)


def test_an_extension_submitted_while_midnight_is_at_work_is_too_late(one: Life) -> None:
    extension_id = draft(one)
    one.test.clock.set(moment("2023-11-16 00:00"))
    both = threading.Barrier(2)

    def worker() -> None:
        both.wait()
        midnight(one)

    def enterprise() -> list[str]:
        both.wait()
        return refused(one, submit(extension_id))

    with ThreadPoolExecutor(2) as pool:
        timer, late = pool.submit(worker), pool.submit(enterprise)
        assert late.result(30) == ["E01"]
        timer.result(30)
    one.test.advance()
    assert one.standing == ("INVALID", "EXPIRED", date(2023, 11, 15))
    assert one.document(extension_id).status == DocumentStatus.DRAFT


def test_an_extension_that_is_signed_while_midnight_is_at_work_is_granted(one: Life) -> None:
    extension_id = draft(one)
    one.command(submit(extension_id))
    [case] = one.test.cases("extension")
    for element, actor, decision in (("accept", "gx10", "accept"), ("review_content", "gx11", "approve")):
        one.test.complete(element, {"decision": decision}, case, actor=actor)
    task_id = one.task("sign")
    one.test.clock.set(moment("2023-11-16 00:00"))
    both = threading.Barrier(2)

    def worker() -> None:
        both.wait()
        midnight(one)

    def signer() -> None:
        both.wait()
        with (
            Session(one.test.session.get_bind()) as session,
            one.test.engine.command(session, actor="gx12") as command,
        ):
            command.complete(task_id, data={"decision": "issue"})

    with ThreadPoolExecutor(2) as pool:
        for done in (pool.submit(worker), pool.submit(signer)):
            done.result(30)
    one.test.advance()
    assert one.standing == ("VALID", None, date(2024, 11, 15))
    assert one.document(extension_id).status == DocumentStatus.ISSUED
    assert {"last_day_over 2024-11-16 00:00", "sixty_days_left 2024-09-16 09:00"} <= one.due
