"""Random structured processes with variables, against an interpreter that knows nothing of tokens.

Parallel branches write names of their own and read those of their own and of what came before the split: whatever the
order in which people work, the variables must end as the interpreter says, with nothing merged, lost or undone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.engine.harness import Running
from tests.engine.models import (
    Node,
    both,
    call,
    catch,
    diagram,
    each,
    end,
    loop,
    message,
    process,
    script,
    some,
    start,
    sub,
    throw,
    user,
    xor,
)

Done = Callable[[], None]
Values = dict[str, Any]


class Model:
    """A drawn process and its interpreter, grown together: each part is its first and last element and how it runs."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.number = 0
        self.called: list[Node] = []
        self.open: list[tuple[str, Callable[[Values], None]]] = []

    def fresh(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"

    def file(self) -> tuple[bytes, Callable[[Values], None]]:
        content: list[Node | str] = [start(), end()]
        begin, finish, run = self.sequence(content, 3, ["v"])
        content += [f"start > {begin}", f"{finish} > end"]
        return diagram(process("p", *content), *self.called), lambda values: run(values, lambda: None)

    def sequence(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        parts = [self.part(content, depth, names) for _ in range(self.rng.randint(1, 3))]
        for (_, finish, _), (begin, _, _) in pairwise(parts):
            content.append(f"{finish} > {begin}")

        def run(values: Values, done: Done, index: int = 0) -> None:
            if index == len(parts):
                done()
            else:
                parts[index][2](values, lambda: run(values, done, index + 1))

        return parts[0][0], parts[-1][1], run

    def part(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        leaves = [self.asked, self.computed, self.mapped, self.mapped_call, self.looped, self.told]
        blocks = [
            self.parallel,
            self.parallel,
            self.exclusive,
            self.inclusive,
            self.inside,
            self.call,
            self.again,
            self.items,
        ]
        return self.rng.choice(leaves if depth == 0 else leaves + blocks)(content, depth - 1, names)

    def asked(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        id, name = self.fresh("ask"), self.name(names)
        content.append(user(id))

        def run(values: Values, done: Done) -> None:
            def complete(data: Values) -> None:
                values[name] = data["answer"]
                done()

            self.open.append((f"{id} {name}", complete))

        return id, id, run

    def computed(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        id, name, read, step = self.fresh("script"), self.name(names), self.rng.choice(names), self.rng.randint(1, 9)
        content.append(script(id, f"{name} = {read} * 3 + {step}"))

        def run(values: Values, done: Done) -> None:
            values[name] = values[read] * 3 + step
            done()

        return id, id, run

    def mapped(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        """A script that knows what it reads and what it gives under names of its own."""
        id, name, read, step = self.fresh("mapped"), self.name(names), self.rng.choice(names), self.rng.randint(1, 9)
        content.append(script(id, f"given = taken * 3 + {step}", *mapping(read, "taken", "given", name)))

        def run(values: Values, done: Done) -> None:
            values[name] = values[read] * 3 + step
            done()

        return id, id, run

    def mapped_call(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        """A called process with inputs and outputs of other names than the caller's; what else it sets stays inside."""
        id, name, read, step = self.fresh("call"), self.name(names), self.rng.choice(names), self.rng.randint(1, 9)
        body = script(f"{id}_s", f"b = a + {step}\n{name} = -1")
        sides = Node("ioSpecification", {}, [Node("dataInput", {"id": "a"}), Node("dataOutput", {"id": "b"})])
        self.called.append(process(f"{id}_p", sides, start(f"{id}_start"), body, f"{id}_start > {id}_s"))
        content.append(call(id, f"{id}_p", *mapping(read, "a", "b", name)))

        def run(values: Values, done: Done) -> None:
            values[name] = values[read] + step
            done()

        return id, id, run

    def looped(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        """A standard loop around a script."""
        id, name, rounds = self.fresh("loop"), self.name(names), self.rng.randint(1, 4)
        content.append(script(id, f"{name} = {name} + loopCounter + 1", loop(maximum=str(rounds))))

        def run(values: Values, done: Done) -> None:
            values[name] += sum(range(1, rounds + 1))
            done()

        return id, id, run

    def told(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        """One branch tells the other by a message, whichever comes first."""
        id, name, read = self.fresh("told"), self.name(names), self.rng.choice(names)
        says, hears = message(id, payload=read), message(id, variable=f"{id}_word")
        content += [both(id), throw(f"{id}_says", says), catch(f"{id}_hears", hears), both(f"{id}_join")]
        content += [script(f"{id}_keeps", f"{name} = {id}_word + 1"), f"{id} > {id}_says > {id}_join"]
        content.append(f"{id} > {id}_hears > {id}_join > {id}_keeps")

        def run(values: Values, done: Done) -> None:
            values[f"{id}_word"] = values[read]
            values[name] = values[read] + 1
            done()

        return id, f"{id}_keeps", run

    def name(self, names: list[str]) -> str:
        """Where a part may write: any name it may read, since nobody else writes it at the same time."""
        return self.rng.choice(names)

    def parallel(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        return self.split(content, depth, names, both, lambda count: ["True"] * count)

    def inclusive(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        def conditions(count: int) -> list[str]:
            return ["True", *(str(self.rng.random() < 0.5) for _ in range(count - 1))]

        return self.split(content, depth, names, some, conditions)

    def split(
        self,
        content: list[Node | str],
        depth: int,
        names: list[str],
        gateway: Callable[[str], Node],
        draw: Callable[[int], list[str]],
    ) -> Part:
        opening, closing, prepare = self.fresh("split"), self.fresh("join"), self.fresh("prepare")
        count = self.rng.randint(2, 3)
        own = [[self.fresh("v") for _ in range(2)] for _ in range(count)]
        conditions = draw(count)
        content += [gateway(opening), gateway(closing), f"{prepare} > {opening}"]
        first = [f"{name} = {names[0]} + {index}" for index, name in enumerate(name for part in own for name in part)]
        content.append(script(prepare, "\n".join(first)))
        branches = [self.sequence(content, depth, mine) for mine in own]
        for (begin, finish, _), condition in zip(branches, conditions, strict=True):
            content.append(f"{opening} > {begin}" + (f" if {condition}" if gateway is some else ""))
            content.append(f"{finish} > {closing}")

        def run(values: Values, done: Done) -> None:
            for index, name in enumerate(name for part in own for name in part):
                values[name] = values[names[0]] + index
            taken = [branch for branch, condition in zip(branches, conditions, strict=True) if condition == "True"]
            left = [len(taken)]

            def arrived() -> None:
                left[0] -= 1
                if left[0] == 0:
                    done()

            for branch in taken:
                branch[2](values, arrived)

        return prepare, closing, run

    def exclusive(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        opening, closing, read = self.fresh("split"), self.fresh("join"), self.rng.choice(names)
        limit = self.rng.randint(0, 60)
        content += [xor(opening), xor(closing)]
        low, high = self.sequence(content, depth, names), self.sequence(content, depth, names)
        content += [f"{opening} > {low[0]} if {read} < {limit}", f"{opening} > {high[0]} else"]
        content += [f"{low[1]} > {closing}", f"{high[1]} > {closing}"]
        return opening, closing, lambda values, done: (low if values[read] < limit else high)[2](values, done)

    def again(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        """A loop drawn with gateways, three rounds."""
        zero, back, count, way, counter = (self.fresh(kind) for kind in ("zero", "back", "count", "way", "c"))
        content += [script(zero, f"{counter} = 0"), xor(back), script(count, f"{counter} = {counter} + 1"), xor(way)]
        body = self.sequence(content, depth, names)
        after = self.fresh("after")
        content += [script(after, "pass"), f"{zero} > {back} > {body[0]}", f"{body[1]} > {count} > {way}"]
        content += [f"{way} > {back} if {counter} < 3", f"{way} > {after} else"]

        def run(values: Values, done: Done) -> None:
            values[counter] = 0

            def round_over() -> None:
                values[counter] += 1
                if values[counter] < 3:
                    body[2](values, round_over)
                else:
                    done()

            body[2](values, round_over)

        return zero, after, run

    def inside(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        id = self.fresh("sub")
        inner: list[Node | str] = [start(f"{id}_start"), end(f"{id}_end")]
        body = self.sequence(inner, depth, names)
        content.append(sub(id, *inner, f"{id}_start > {body[0]}", f"{body[1]} > {id}_end"))
        return id, id, body[2]

    def call(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        id = self.fresh("call")
        inner: list[Node | str] = [start(f"{id}_start"), end(f"{id}_end")]
        body = self.sequence(inner, depth, names)
        self.called.append(process(f"{id}_p", *inner, f"{id}_start > {body[0]}", f"{body[1]} > {id}_end"))
        content.append(call(id, f"{id}_p"))
        return id, id, body[2]

    def items(self, content: list[Node | str], depth: int, names: list[str]) -> Part:
        """People asked one after the other or all at once; their answers are collected in the order of the items."""
        id, name, sequential = self.fresh("each"), self.rng.choice(names), self.rng.random() < 0.5
        answers, prepare, total = self.fresh("answers"), self.fresh("prepare"), self.fresh("total")
        content.append(script(prepare, f"{answers}_of = [1, 2, 3]"))
        content.append(user(id, each(f"{answers}_of", "item", sequential=sequential, out=answers, out_item="answer")))
        content += [script(total, f"{name} = sum({answers})"), f"{prepare} > {id} > {total}"]

        def run(values: Values, done: Done) -> None:
            values[f"{answers}_of"] = [1, 2, 3]
            given: list[Any] = [None] * 3

            def ask(index: int) -> None:
                def complete(data: Values) -> None:
                    given[index] = data["answer"]
                    asked[0] -= 1
                    if sequential and index < 2:
                        ask(index + 1)
                    elif None not in given:
                        values[answers] = given
                        values[name] = sum(given)
                        done()

                asked[0] += 1
                self.open.append((f"{id} answer", complete))

            asked = [0]
            for index in range(1 if sequential else 3):
                ask(index)

        return prepare, total, run


Part = tuple[str, str, Callable[[Values, Done], None]]


def mapping(source: str, taken: str, given: str, target: str) -> list[Node]:
    """The data associations of an activity: a variable goes in under one name, and comes out of another."""
    sides = Node("ioSpecification", {}, [Node("dataInput", {"id": taken}), Node("dataOutput", {"id": given})])
    goes_in = Node("dataInputAssociation", {}, [Node("sourceRef", {}, [source]), Node("targetRef", {}, [taken])])
    comes_out = Node("dataOutputAssociation", {}, [Node("sourceRef", {}, [given]), Node("targetRef", {}, [target])])
    return [sides, goes_in, comes_out]


def play(seed: int) -> None:
    model = Model(seed)
    content, interpret = model.file()
    values: Values = {"v": seed % 50}
    case = Running(content, {"v": seed % 50}, restarted=seed % 2 == 0)
    interpret(values)
    for answer in range(400):
        assert sorted(case.open_tasks) == sorted(task.split()[0] for task, _ in model.open)
        if not model.open:
            break
        place, name = model.rng.choice(sorted(task for task, _ in model.open)).split()
        index = next(i for i, (task, _) in enumerate(model.open) if task == f"{place} {name}")
        model.open.pop(index)[1]({"answer": answer})
        case.complete(place, {name: answer})
    assert case.completed
    assert case.data == values


@pytest.mark.parametrize("block", range(4))
def test_random_structured_processes_end_with_the_variables_an_interpreter_computes(block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        try:
            play(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_five_thousand_random_structured_processes_do(block: int) -> None:
    for seed in range(1_000 + block * 500, 1_500 + block * 500):
        play(seed)
