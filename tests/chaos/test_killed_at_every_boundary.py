"""A process is killed with SIGKILL before and after each statement, commit, service and publication of what it does.

Each time the client repeats its command, the sweeper finds the jobs, the officials go on: at the end everything is as
it is where nobody was killed. The boundaries are found by a first run that nothing disturbs, and printed (`pytest -s`).
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from time import perf_counter

import pytest

from tests.chaos import ledger
from tests.chaos.acts import COMMANDS, OPENS_ON, WORK
from tests.chaos.stage import Stage, Strike, moment

ACTS = [act.__name__ for act in (*COMMANDS, *WORK)]


def kill_at_each(stage: Stage, act: str, wanted: Iterable[int] | None = None) -> None:
    """Kill an act at each boundary, or at some, and let the others go on each time.

    They go on once from each content that a death left (ids aside, which chance gives): before its commit a command has
    left nothing, so that what follows begins from the very same rows as after an earlier death.
    """
    boundaries, undisturbed = stage.undisturbed(act)
    numbers = list(wanted or range(1, len(boundaries) + 1))
    print(f"\n{act}: {len(numbers)} of {len(boundaries)} boundaries")
    begun, wrong = perf_counter(), {}
    recovered: set[object] = set()
    for number in numbers:
        name = boundaries[number - 1]
        stage.set(OPENS_ON[act])
        victim = stage.play(act, clock=moment(act), strike=Strike(number))
        assert (victim.wait(), victim.struck_at) == (-signal.SIGKILL, name)
        told = ledger.locks(stage.url)
        left = stage.content()
        if left not in recovered:
            told += stage.recover(act).against(undisturbed)
            recovered.add(left)
        print(f"  {number:3} {name}")
        if told:
            wrong[f"{number} {name}"] = told
    print(f"  {len(recovered)} contents to go on from, {perf_counter() - begun:.1f} s")
    assert wrong == {}


def around_the_commit(boundaries: list[str]) -> list[int]:
    """From before the last commit to the end: what a broker can matter to."""
    last = len(boundaries) - boundaries[::-1].index("before COMMIT")
    return list(range(last, len(boundaries) + 1))


def a_few(boundaries: list[str]) -> list[int]:
    """After the first write, before and after the last commit, and where a job is published."""
    writes = [n for n, name in enumerate(boundaries, 1) if name.startswith(("after INSERT", "after UPDATE"))]
    commit = around_the_commit(boundaries)[0]
    published = [n for n, name in enumerate(boundaries, 1) if name == "before publish"]
    return sorted({*writes[:1], commit, commit + 1, *published[:1]})


@pytest.mark.parametrize("act", ["submit", "sign", "make_paper"])
def test_a_process_killed_at_a_few_boundaries_loses_and_doubles_nothing(embedded: Stage, act: str) -> None:
    boundaries, _ = embedded.undisturbed(act)
    kill_at_each(embedded, act, a_few(boundaries))


@pytest.mark.slow
@pytest.mark.parametrize("act", ACTS)
def test_a_process_killed_at_any_boundary_loses_and_doubles_nothing(each_stage: Stage, act: str) -> None:
    kill_at_each(each_stage, act)


@pytest.mark.slow
@pytest.mark.parametrize("act", ["submit", "sign", "fire_timer"])
def test_it_does_not_matter_which_broker_a_killed_process_published_to(mixed_stage: Stage, act: str) -> None:
    boundaries, _ = mixed_stage.undisturbed(act)
    kill_at_each(mixed_stage, act, around_the_commit(boundaries))
