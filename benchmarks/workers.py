"""The rows about filings carried by several processes at once on one PostgreSQL database."""

import multiprocessing
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from time import perf_counter

from sqlalchemy import Engine as Connections
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from benchmarks.databases import Database
from benchmarks.procedure import A06, A07, A07_TOO, People, Procedure
from benchmarks.report import Row, a_second, spread
from engine.tables import Job
from engine.transactions import prepare
from records.certificates import Certificate, CertificatePaper
from records.documents import DocumentStatus
from records.filings import Filing

PATIENCE = 120
"""Seconds that workers have for one measurement."""

CROWDS = {
    "filings a second, 1 worker process": (A07,),
    "… 2 worker processes, one agency": (A07, A07_TOO),
    "… 2 worker processes, two agencies": (A07, A06),
}
"""Row → for whom each worker carries filings."""


@dataclass(frozen=True)
class _Order:
    """What one worker is to do: filings of these people, under project codes from `first_serial` on."""

    url: str
    people: People
    first_serial: int
    count: int


def worker_rows(database: Database, repeats: int, count: int) -> list[Row]:
    """Filings a second, each worker with `count` of them from submission to certificate, jobs included."""
    url = database.new_url()
    connections = prepare(create_engine(url))
    Procedure(connections).prepare()
    rates: dict[str, list[float]] = {title: [] for title in CROWDS}
    made = 0
    for _ in range(repeats):
        for title, crowd in CROWDS.items():
            orders = [_Order(url, people, made + (count + 1) * index, count) for index, people in enumerate(crowd)]
            rates[title].append(count * len(crowd) / _seconds(orders))
            made += (count + 1) * len(crowd)
    _verify(connections, made)
    connections.dispose()
    alone = statistics.median(next(iter(rates.values())))
    rows = []
    for title, found in rates.items():
        row, ratio = Row(title), statistics.median(found) / alone
        beside = f", {ratio:.2f} times as many" if len(CROWDS[title]) > 1 else ""
        row.put(database.name, spread(found, a_second) + beside, rates=found, ratio=ratio)
        rows.append(row)
    return rows


def _seconds(orders: Sequence[_Order]) -> float:
    """From when all workers are ready until the last has done what it was to do."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(len(orders))
    workers = []
    try:
        for order in orders:
            receiving, sending = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(order, ready, sending))
            process.start()
            sending.close()
            workers.append((process, receiving))
        spans = [_span(receiving) for _, receiving in workers]
    finally:
        for process, _ in workers:
            process.kill()
            process.join()
    return max(ended for _, ended in spans) - min(begun for begun, _ in spans)


def _span(receiving: Connection) -> tuple[float, float]:
    if not receiving.poll(PATIENCE):
        raise AssertionError(f"a worker did not finish in {PATIENCE} s")
    span: tuple[float, float] = receiving.recv()
    return span


def _work(order: _Order, ready: Barrier, sending: Connection) -> None:
    """A worker: one filing to warm up, then all the others as fast as they go."""
    connections = prepare(create_engine(order.url))
    procedure = Procedure(connections, order.people, order.first_serial)
    warm, *drafts = procedure.drafts(order.count + 1)
    procedure.carry_through(warm)
    ready.wait(PATIENCE)
    begun = perf_counter()
    for filing_id in drafts:
        procedure.carry_through(filing_id)
    # The clock is the machine's, one for all its processes.
    sending.send((begun, perf_counter()))
    connections.dispose()


def _verify(connections: Connections, filings: int) -> None:
    """Every filing has its certificate and paper, its case no job left, and no number is missing or used twice.

    The certificates' lives go on, with a timer for each of their dates.
    """
    with Session(connections) as session:
        issued = session.scalar(
            select(func.count()).select_from(Filing).where(Filing.status == DocumentStatus.ISSUED.value)
        )
        papers = session.scalar(select(func.count()).select_from(CertificatePaper))
        jobs = session.scalar(select(func.count()).select_from(Job).join(Filing, Filing.instance_id == Job.instance_id))
        certificates = [(number[:2], number[-4:]) for number in session.scalars(select(Certificate.number))]
        filed = [(number[:-5], number[-4:]) for number in session.scalars(select(Filing.number))]
    if (issued, papers, jobs) != (filings, filings, 0):
        raise AssertionError(f"{filings} filings by workers: {issued} issued, {papers} papers, {jobs} jobs left")
    for numbers in (certificates, filed):
        if len(numbers) != filings or not _are_consecutive(numbers):
            raise AssertionError(f"workers left gaps between numbers, or doubled one: {sorted(numbers)}")


def _are_consecutive(numbers: Sequence[tuple[str, str]]) -> bool:
    """Whether the serials of each year or day are 1, 2, 3, …, each once."""
    serials = defaultdict(list)
    for period, serial in numbers:
        serials[period].append(int(serial))
    return all(sorted(found) == list(range(1, len(found) + 1)) for found in serials.values())
