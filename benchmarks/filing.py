"""The rows about filings: how many a second, what completing a task takes, what a case leaves behind, the paper."""

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from benchmarks import storage
from benchmarks.alone import Waiting, complete_all
from benchmarks.databases import Database
from benchmarks.meter import Reading
from benchmarks.procedure import OFFICIALS, Procedure
from benchmarks.report import Row, milliseconds, percentile, spread
from tasks.papers.certificate import CertificatePaper, render

WARM_UP = 2
FIRST = "accept"
"""受理, after which the case waits for 审核."""


class Filings:
    """Batches of filings on each database in turn, so that a noisy moment of the machine falls on both."""

    def __init__(self, databases: Sequence[Database], batches: int, size: int) -> None:
        self.procedures = {database.name: Procedure(database) for database in databases}
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
        found = [
            ("filings a second, submission to certificate", "", self._rates),
            ("completing a task, p50 ms", "", lambda name: self._times(name, 0.5)),
            ("completing a task, p95 ms", "", lambda name: self._times(name, 0.95)),
            ("… of it not the database, p50 ms", "", self._elsewhere),
            *(
                (f"statements to complete {element}", "15; later 8", lambda name, e=element: self._statements(name, e))
                for element in OFFICIALS
            ),
            ("commits a completion", "exactly 1", self._commits),
            ("begin / savepoint / release a completion", "", self._control),
            ("bytes a completed case, rows", "6,000", lambda name: f"{self.stored[name].rows:,}"),
            ("… with indexes, whole pages", "", lambda name: f"{self.stored[name].pages:,}"),
        ]
        return [Row(title, asked, {name: tell(name) for name in self.procedures}) for title, asked, tell in found]

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

    def _all(self, name: str) -> list[Reading]:
        return [reading for readings in self.completions[name].values() for reading in readings]

    def _rates(self, name: str) -> str:
        return spread(self.rates[name], lambda rate: f"{rate:.1f}")

    def _times(self, name: str, share: float) -> str:
        each = (
            f"{element} {milliseconds(percentile((r.seconds for r in readings), share))}"
            for element, readings in self.completions[name].items()
        )
        return f"{milliseconds(percentile((r.seconds for r in self._all(name)), share))} ({', '.join(each)})"

    def _elsewhere(self, name: str) -> str:
        return milliseconds(statistics.median(reading.elsewhere for reading in self._all(name)))

    def _statements(self, name: str, element: str) -> str:
        return spread([reading.statements for reading in self.completions[name][element]], lambda n: f"{n:.0f}")

    def _commits(self, name: str) -> str:
        return spread([reading.commits for reading in self._all(name)], lambda n: f"{n:.0f}")

    def _control(self, name: str) -> str:
        readings = self._all(name)
        verbs = ("begin", "savepoint", "release")
        return " / ".join(f"{statistics.mean(r.control[verb] for r in readings):.1f}" for verb in verbs)


def alone_row(waiting: Sequence[Waiting], repeats: int) -> Row:
    """A completion from stored bytes to stored bytes."""
    taken = complete_all(waiting, repeats)
    return Row("the engine alone a completion, ms", "later 0.5", {"SQLite": spread(taken, milliseconds)})


def paper_row(paper: CertificatePaper, copies: int) -> Row:
    """Milliseconds for one certificate's PDF; no two are the same, the typesetter would remember."""
    render(paper)
    taken = []
    for index in range(copies):
        another = replace(paper, number=f"{index:015d}", project_name=f"{paper.project_name}{index}")
        begun = perf_counter()
        render(another)
        taken.append(perf_counter() - begun)
    return Row("a certificate's PDF, ms", "30", {"SQLite": spread(taken, lambda s: f"{s * 1000:.1f}")})
