"""Diagrams that hurt engines, generated: each a file with one process `p`."""

from tests.engine.models import both, end, one, script, scripts, start, task, times, user, xor


def rework_loop() -> bytes:
    """A user task that comes again until `enough`."""
    flows = ("start > work > again", "again > end if enough", "again > work else")
    counted = user("work", scripts(before="n = n + 1"))
    return one(start(), counted, xor("again"), end(), *flows)


def office() -> bytes:
    """Three user tasks in a row, each with a decision after it: what a filing is to the engine."""
    nodes, flows = [start(), end(), end("refused")], ["start > accept"]
    names = ["accept", "review", "sign"]
    for name, following in zip(names, [*names[1:], "end"], strict=True):
        nodes += [user(name), xor(f"{name}_ok"), script(f"note_{name}", f"status = '{name}'")]
        flows += [f"{name} > {name}_ok", f"{name}_ok > note_{name} if decision == 'yes'", f"{name}_ok > refused else"]
        flows += [f"note_{name} > {following}"]
    return one(*nodes, *flows)


def diamonds(count: int) -> bytes:
    """AND-splits and joins in a row, two scripts in each."""
    nodes, flows, last = [start()], [], "start"
    for index in range(count):
        split, join, left, right = (f"{name}{index}" for name in ("split", "join", "left", "right"))
        nodes += [both(split), script(left, f"a{index} = 1"), script(right, f"b{index} = 1"), both(join)]
        flows += [f"{last} > {split} > {left} > {join}", f"{split} > {right} > {join}"]
        last = join
    return one(*nodes, end(), *flows, f"{last} > end")


def sequence(count: int) -> bytes:
    """Scripts one after the other."""
    names = [f"step{index}" for index in range(count)]
    steps = [script(name, "n = n + 1") for name in names]
    return one(start(), *steps, end(), " > ".join(["start", *names, "end"]))


def join(branches: int) -> bytes:
    """One AND-split into many branches, and one join."""
    names = [f"branch{index}" for index in range(branches)]
    steps = [script(name, "x = 1") for name in names]
    flows = [f"split > {name} > join" for name in names]
    return one(start(), both("split"), *steps, both("join"), end(), "start > split", *flows, "join > end")


def instances(count: int) -> bytes:
    """A script in as many parallel instances."""
    many = script("many", "x = 1", times(str(count)))
    return one(start(), many, end(), "start > many > end")


def signatures(count: int, *, sequential: bool = False) -> bytes:
    """A user task in as many instances, at once or one after the other."""
    many = task("many", times(str(count), sequential=sequential), tag="userTask")
    return one(start(), many, end(), "start > many > end")
