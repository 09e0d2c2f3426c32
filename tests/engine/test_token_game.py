"""Random graphs as people draw them: implicit splits, surplus tokens, joins that never fill.

The oracle is a token game written from BPMN 2.0 §13, knowing nothing of the engine: tokens on flows, and tasks that are
open. What can happen does not depend on the order, so both sides must agree after every completed task.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.engine.harness import Running
from tests.engine.models import Node, both, one, start, task, user, xor

MOST_TOKENS = 60


class TooMany(Exception):
    """A model that floods itself; another is drawn."""


@dataclass
class Graph:
    """Node 0 is where the process begins. `chosen` is the way an exclusive gateway always takes."""

    kinds: list[str]
    flows: list[tuple[int, int]] = field(default_factory=list)
    chosen: dict[int, int] = field(default_factory=dict)

    def outgoing(self, node: int) -> list[int]:
        return [index for index, (source, _) in enumerate(self.flows) if source == node]

    def incoming(self, node: int) -> list[int]:
        return [index for index, (_, target) in enumerate(self.flows) if target == node]


def draw(rng: random.Random) -> Graph:
    count = rng.randint(3, 12)
    graph = Graph([rng.choice(["user", "user", "task", "and", "and", "xor"]) for _ in range(count)])
    for node in range(1, count):
        graph.flows.append((rng.randrange(node), node))
    for _ in range(rng.randint(0, count)):
        source, target = rng.randrange(count), rng.randrange(1, count)
        # A way back only out of somebody's hands, or the process might run in circles by itself.
        if (source < target or graph.kinds[source] == "user") and (source, target) not in graph.flows:
            graph.flows.append((source, target))
    for node, kind in enumerate(graph.kinds):
        if kind == "xor" and graph.outgoing(node):
            graph.chosen[node] = rng.choice(graph.outgoing(node))
    return graph


def drawn(graph: Graph) -> bytes:
    elements: list[Node | str] = [start(), "start > n0"]
    make = {"user": user, "task": task, "and": both, "xor": xor}
    elements += [make[kind](f"n{node}") for node, kind in enumerate(graph.kinds)]
    for index, (source, target) in enumerate(graph.flows):
        flow = f"n{source} > n{target}"
        if graph.kinds[source] == "xor" and len(graph.outgoing(source)) > 1:
            flow += f" if {graph.chosen[source] == index}"
        elements.append(flow)
    return one(*elements)


class TokenGame:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.marking: Counter[int] = Counter()
        self.open: Counter[int] = Counter()
        self.begin()

    def begin(self) -> None:
        if self.graph.kinds[0] == "user":
            self.open[0] += 1
        elif self.graph.kinds[0] == "and" and self.graph.incoming(0):
            self.marking[-1] += 1
        else:
            self.leave(0)
        self.play()

    def leave(self, node: int) -> None:
        for flow in [self.graph.chosen[node]] if node in self.graph.chosen else self.graph.outgoing(node):
            self.marking[flow] += 1

    def play(self) -> None:
        while any(self.fire(node) for node in range(len(self.graph.kinds))):
            if self.marking.total() + self.open.total() > MOST_TOKENS:
                raise TooMany

    def fire(self, node: int) -> bool:
        kind = self.graph.kinds[node]
        incoming = self.graph.incoming(node) + ([-1] if node == 0 else [])
        ready = [flow for flow in incoming if self.marking[flow] > 0]
        if not ready or (kind == "and" and len(ready) < len(incoming)):
            return False
        taken = ready if kind == "and" else ready[:1]
        self.marking.subtract(taken)
        if kind == "user":
            self.open[node] += 1
        else:
            self.leave(node)
        return True

    def complete(self, node: int) -> None:
        self.open[node] -= 1
        self.leave(node)
        self.play()


def play(seed: int) -> None:
    rng = random.Random(seed)
    graph = draw(rng)
    try:
        game = TokenGame(graph)
        case = Running(drawn(graph), restarted=rng.random() < 0.5)
        for _ in range(25):
            assert Counter(case.open_tasks) == Counter({f"n{n}": count for n, count in game.open.items() if count})
            if not case.open_tasks:
                break
            node = rng.choice(sorted(+game.open))
            game.complete(node)
            case.complete(f"n{node}")
        else:
            return
    except TooMany:
        return
    waits_at_a_join = sum((+game.marking).values()) > 0
    assert case.completed is not waits_at_a_join
    assert case.case.is_stuck() is waits_at_a_join


@pytest.mark.parametrize("block", range(4))
def test_random_graphs_run_as_the_token_game_says(block: int) -> None:
    for seed in range(block * 250, block * 250 + 250):
        try:
            play(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


@pytest.mark.slow
@pytest.mark.parametrize("block", range(9))
def test_ten_thousand_random_graphs_run_as_the_token_game_says(block: int) -> None:
    for seed in range(1_000 * (block + 1), 1_000 * (block + 2)):
        play(seed)
