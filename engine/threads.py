"""How the threads of a process share it."""

import sys

TURN = 0.001
"""Seconds for which a thread computes while others wait to."""


def take_turns() -> None:
    """Let threads take turns each millisecond, for the whole process.

    A command computes a little between answers of the database. By Python's own turns, of five milliseconds, it would
    wait at each answer for longer than all of it takes: four threads carry out a sixth less.
    """
    sys.setswitchinterval(TURN)
