"""The decisions of a file joined to those that they need first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine import xml
from engine.decision_tables import Decision


@dataclass(frozen=True)
class Requirement:
    """One `requiredDecision`: where it points, and the place that says so."""

    href: str
    place: xml.Element


def linked(
    read: Mapping[str, Decision], needs: Mapping[str, Sequence[Requirement]], report: Callable[..., Any]
) -> list[Decision]:
    """The decisions, each with those it needs; what needs an unreadable or missing one is left out.

    `needs` has every decision of the file, `read` those without a fault. Graphs may be of any depth.
    """
    targets = {identifier: _targets(requirements, needs, report) for identifier, requirements in needs.items()}
    made: dict[str, Decision | None] = {}
    for root in needs:
        under_way = [root] if root not in made else []
        while under_way:
            current = under_way[-1]
            following = next((t for t, _ in targets[current] if t is not None and t not in made), None)
            if following is None:
                made[under_way.pop()] = _joined(read.get(current), [t for t, _ in targets[current]], made)
            elif following in under_way:
                circle = [*under_way[under_way.index(following) :], following]
                place = next(place for t, place in targets[current] if t == following)
                report("dmn_required_cycle", place, circle=" → ".join(circle))
                targets[current] = [(None if t == following else t, place) for t, place in targets[current]]
            else:
                under_way.append(following)
    return [decision for identifier in needs if (decision := made[identifier]) is not None]


def _targets(
    requirements: Sequence[Requirement], known: Mapping[str, Any], report: Callable[..., Any]
) -> list[tuple[str | None, xml.Element]]:
    """The ids that requirements point to, None where there is no such decision here."""
    found: list[tuple[str | None, xml.Element]] = []
    for requirement in requirements:
        file, hash_sign, target = requirement.href.rpartition("#")
        if file or not hash_sign:
            report("dmn_required_elsewhere", requirement.place, decision=requirement.href)
        elif target not in known:
            report("dmn_required_unknown", requirement.place, decision=target)
        else:
            found.append((target, requirement.place))
            continue
        found.append((None, requirement.place))
    return found


def _joined(
    decision: Decision | None, needed: Sequence[str | None], made: Mapping[str, Decision | None]
) -> Decision | None:
    required = [made[target] if target is not None else None for target in dict.fromkeys(needed)]
    if decision is None or None in required:
        return None
    return replace(decision, required=tuple(need for need in required if need is not None))
