"""Two workers on one job, and a worker that wakes up after its lease has gone to another: both are real processes.

One is held by SIGSTOP at a boundary of the job, the other carries the same job out meanwhile, and then the first goes
on. Where the first holds rows, the second may have to wait for it: it is given a moment before the first goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from time import perf_counter

import pytest

from tests.chaos import ledger
from tests.chaos.acts import KINDS, LATER, OPENS_ON
from tests.chaos.gateway import taken
from tests.chaos.stage import AT_MOST, Life, Stage, Strike, moment

MOMENT = 0.15
"""Seconds after which a worker is taken to wait for the rows that the other holds."""


def held_at(stage: Stage, act: str, number: int, job_id: str) -> Life:
    """A worker that has come to a boundary of a job and stands still."""
    worker = stage.play(act, clock=moment(act), strike=Strike(number, "STOP"), job_id=job_id)
    assert worker.wait() == "stopped"
    return worker


def job_of(stage: Stage, act: str) -> str:
    """Set the scene of an act that carries out a job; the job."""
    stage.set(OPENS_ON[act])
    return ledger.job(stage.url, KINDS[act])


def doubled(stage: Stage) -> list[str]:
    messages = Counter(taken(stage.folder / "sms.log"))
    return [f"sent {count} times: {key}" for key, count in messages.items() if count > 1]


def one_did(done: list[bool]) -> list[str]:
    return [] if sorted(done) == [False, True] else [f"who did it: {done}"]


def hold_at_each(stage: Stage, act: str, clock: datetime, wanted: Iterable[int] | None = None) -> None:
    """Hold a worker at each boundary of a job, or at some, while another, whose clock shows `clock`, carries it out."""
    boundaries, undisturbed = stage.undisturbed(act)
    numbers = list(wanted or range(1, len(boundaries) + 1))
    print(f"\n{act}: {len(numbers)} of {len(boundaries)} boundaries")
    begun, wrong = perf_counter(), {}
    for number in numbers:
        job_id = job_of(stage, act)
        first = held_at(stage, act, number, job_id)
        holds = bool(ledger.locks(stage.url, patience=0))
        second = stage.play(act, clock=clock, job_id=job_id)
        waits = second.wait(MOMENT if holds else AT_MOST) == "running"
        first.go_on()
        done = [first.end(), second.end() if waits else second.answer()]
        told = [] if clock == LATER else [*one_did(done), *doubled(stage)]
        told += stage.recover(act).against(undisturbed)
        print(f"  {number:3} {boundaries[number - 1]}: {done}{' after waiting' if waits else ''}")
        if told:
            wrong[f"{number} {boundaries[number - 1]}"] = told
    print(f"  {perf_counter() - begun:.1f} s")
    assert wrong == {}


def inside(boundaries: list[str]) -> list[int]:
    """A boundary at which the rows are held, and two at which only the lease is."""
    names = ("before COMMIT", "before the gateway takes the message", "after the gateway took the message")
    return [boundaries.index(name) + 1 for name in names]


@pytest.mark.parametrize("act", ["deliver_sms", pytest.param("fire_timer", marks=pytest.mark.slow)])
def test_of_two_workers_released_at_one_moment_one_does_the_job(each_stage: Stage, act: str) -> None:
    _, undisturbed = each_stage.undisturbed(act)
    for _ in range(2):
        job_id = job_of(each_stage, act)
        workers = [held_at(each_stage, act, 1, job_id) for _ in range(2)]
        for worker in workers:
            worker.go_on()
        assert one_did([worker.end() for worker in workers]) == []
        assert doubled(each_stage) == []
        assert each_stage.recover(act).against(undisturbed) == []


def test_a_worker_that_lost_its_lease_in_its_service_changes_nothing_any_more(each_stage: Stage) -> None:
    boundaries, _ = each_stage.undisturbed("deliver_sms")
    hold_at_each(each_stage, "deliver_sms", LATER, inside(boundaries))


@pytest.mark.slow
@pytest.mark.parametrize("act", KINDS)
def test_of_two_workers_one_does_the_job_wherever_the_other_stands(each_stage: Stage, act: str) -> None:
    hold_at_each(each_stage, act, moment(act))


@pytest.mark.slow
@pytest.mark.parametrize("act", ["deliver_sms", "make_paper"])
def test_a_lease_lost_at_any_boundary_changes_nothing(each_stage: Stage, act: str) -> None:
    hold_at_each(each_stage, act, LATER)
