"""The rows about filings: how many a second, what completing a task takes, what a case leaves behind, the paper."""

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter

from benchmarks import storage
from benchmarks.alone import Waiting, complete_all
from benchmarks.cases import COMMITS, STATEMENTS, put_counts, put_rates
from benchmarks.databases import Database
from benchmarks.meter import Reading
from benchmarks.procedure import DECISIONS, Procedure
from benchmarks.report import SQLITE, Goal, Row, milliseconds, percentile, spread, whole
from tasks.keyring import MadeOnDemand
from tasks.papers.certificate import CertificatePaper, compose, render
from tasks.papers.seal import seal
from tasks.papers.sealing import FILING_SEAL

WARM_UP = 2
FIRST = "accept"
"""受理, after which the case waits for 审核."""

_CONTROL = ("begin", "savepoint", "release")


class Filings:
    """Batches of filings on each database in turn, so that a noisy moment of the machine falls on both."""

    def __init__(self, databases: Sequence[Database], batches: int, size: int) -> None:
        self.procedures = {database.name: Procedure(database.open()).prepare() for database in databases}
        self.rates: dict[str, list[float]] = defaultdict(list)
        self.completions: dict[str, dict[str, list[Reading]]] = {name: defaultdict(list) for name in self.procedures}
        self.stored: dict[str, storage.Stored] = {}
        self.paper: CertificatePaper | None = None
        for procedure in self.procedures.values():
            for filing_id in procedure.drafts(WARM_UP):
                self._carry_through(procedure, filing_id)
        self.alone: list[Waiting] = self._stored_before_each_decision()
        before = {name: storage.measure(p.connections) for name, p in self.procedures.items()}
        for _ in range(batches):
            for name, procedure in self.procedures.items():
                self._batch(name, procedure, size)
        for name, procedure in self.procedures.items():
            self.stored[name] = storage.measure(procedure.connections).since(before[name], batches * size)
            procedure.close()

    def rows(self) -> list[Row]:
        rate = Row("filings a second, submission to certificate")
        times = [(Row(f"completing a task, {name} ms"), share) for name, share in (("p50", 0.5), ("p95", 0.95))]
        elsewhere = Row("… of it not the database, p50 ms")
        statements = {element: Row(f"statements to complete {element}", STATEMENTS) for element in DECISIONS}
        commits = Row("commits a completion", COMMITS)
        control = Row("begin / savepoint / release a completion")
        size = Row("bytes a completed case, rows", Goal("at most 6,000", lambda rows: rows <= 6_000))
        pages = Row("… with indexes, whole pages")
        for name, by_element in self.completions.items():
            every = [reading for readings in by_element.values() for reading in readings]
            put_rates(rate, name, self.rates[name])
            for row, share in times:
                _put_times(row, name, share, {"all": every, **by_element})
            rest = statistics.median(reading.elsewhere for reading in every)
            elsewhere.put(name, milliseconds(rest), seconds=rest)
            for element, readings in by_element.items():
                put_counts(statements[element], name, [reading.statements for reading in readings])
            put_counts(commits, name, [reading.commits for reading in every])
            verbs = {verb: statistics.mean(reading.control[verb] for reading in every) for verb in _CONTROL}
            control.put(name, " / ".join(f"{mean:.1f}" for mean in verbs.values()), **verbs)
            stored = self.stored[name]
            size.put(name, whole(stored.rows), stored.rows, bytes=stored.rows)
            pages.put(name, whole(stored.pages), bytes=stored.pages)
        return [rate, *(row for row, _ in times), elsewhere, *statements.values(), commits, control, size, pages]

    def _batch(self, name: str, procedure: Procedure, size: int) -> None:
        drafts = procedure.drafts(size)
        begun = perf_counter()
        for filing_id in drafts:
            self._carry_through(procedure, filing_id, name)
        self.rates[name].append(size / (perf_counter() - begun))

    def _stored_before_each_decision(self) -> list[Waiting]:
        """One case as it is stored at 受理 and at 审核; after 签发 services have too much to answer."""
        procedure = next(iter(self.procedures.values()))
        [filing_id] = procedure.drafts(1)
        case = procedure.submit(filing_id)
        waiting = [procedure.waiting(case)]
        waiting += [procedure.waiting(case) for element, _ in procedure.decide(case) if element == FIRST]
        procedure.settle(case)
        return waiting

    def _carry_through(self, procedure: Procedure, filing_id: str, name: str | None = None) -> None:
        case = procedure.submit(filing_id)
        procedure.settle(case)
        for element, reading in procedure.decide(case):
            if name is not None:
                self.completions[name][element].append(reading)
        procedure.settle(case)
        if self.paper is None:
            self.paper = procedure.paper(case)


def _put_times(row: Row, column: str, share: float, readings: Mapping[str, Sequence[Reading]]) -> None:
    """The time of all completions, and of each user task's."""
    seconds = {name: percentile((reading.seconds for reading in found), share) for name, found in readings.items()}
    every, *each = (f"{name} {milliseconds(taken)}" for name, taken in seconds.items())
    row.put(column, f"{every.removeprefix('all ')} ({', '.join(each)})", **seconds)


def alone_row(waiting: Sequence[Waiting], repeats: int) -> Row:
    """A completion from stored bytes to stored bytes."""
    taken = complete_all(waiting, repeats)
    row = Row("the engine alone a completion, ms", Goal("at most 0.5", lambda seconds: seconds <= 0.0005))
    row.put(SQLITE, spread(taken, milliseconds), statistics.median(taken), seconds=statistics.median(taken))
    return row


def paper_row(paper: CertificatePaper, copies: int) -> Row:
    """Milliseconds for one certificate's PDF; no two are the same, the typesetter would remember."""
    render(paper)
    taken = []
    for index in range(copies):
        another = replace(paper, number=f"{index:015d}", project_name=f"{paper.project_name}{index}")
        begun = perf_counter()
        render(another)
        taken.append(perf_counter() - begun)
    row = Row("a certificate's PDF, ms", Goal("at most 30", lambda seconds: seconds <= 0.03))
    row.put(SQLITE, spread(taken, lambda seconds: f"{seconds * 1000:.1f}"), statistics.median(taken), seconds=taken)
    return row


def seal_row(paper: CertificatePaper, copies: int) -> Row:
    """Milliseconds to seal a printed certificate, the place of the seal found in it included."""
    key = MadeOnDemand().key_of("A07", paper.agency_name)
    assert key is not None
    taken = []
    for index in range(copies + 1):
        sheet = compose(replace(paper, number=f"{index:015d}", project_name=f"{paper.project_name}S{index}"))
        begun = perf_counter()
        seal(sheet.pdf, sheet.seal_place, key, FILING_SEAL, datetime.now(UTC))
        taken.append(perf_counter() - begun)
    del taken[0]  # the seal's drawing is made once
    row = Row("an electronic seal, ms", Goal("at most 60", lambda seconds: seconds <= 0.06))
    row.put(SQLITE, spread(taken, lambda seconds: f"{seconds * 1000:.1f}"), statistics.median(taken), seconds=taken)
    return row
