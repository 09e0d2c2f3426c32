"""Who may ask for what: every route with whom it lets in and how far it reaches, read from the routes themselves.

docs/reference/access.md is made from this (`jigai access`), and a test asks every route as every party.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from records.jurisdiction import HANDLING
from records.roles import AdminRole, OfficialRole
from records.users import UserKind

_READING = frozenset(("GET", "HEAD", "OPTIONS"))
_OF_ONES_ACCOUNT = frozenset(("auth", "public", "tokens"))
"""Blueprints with what everybody may do for themselves: logging out, a password, tokens, choosing a language."""
_SECTIONS = ("Without logging in", "Pages", "REST interface")
_NAMES_A_MATTER = ("_id", "number")
"""How the names of those parts of an address end that say whose matter it is about."""


class Reach(StrEnum):
    """Which things a route is about, for those whom it lets in (`records/jurisdiction.py`)."""

    ALL = "all"
    """Nobody's matter in particular, or a list that leaves out what is not in sight."""
    SIGHT = "sight"
    """What lies in sight; anything else is as if it did not exist."""
    HAND = "hand"
    """What is theirs to act on; what is only in sight is refused."""
    GROUP = "group"
    """A task of their group; another's in sight is refused."""
    OWN = "own"
    """Their own account's, group's or agency's; anybody else's is as if it did not exist."""


class Party(StrEnum):
    """Who asks, seen from the thing that is asked about."""

    VISITOR = "未登录"
    OWNER = "本企业"
    ENTERPRISE = "其他企业"
    HANDLER = "办理机关"
    SUPERIOR = "上级机关"
    AGENCY = "其他机关"
    PROVINCE = "省级"
    SYSTEM = "系统管理员"
    SECURITY = "安全管理员"
    AUDIT = "审计管理员"


class Answer(StrEnum):
    """What a party is told."""

    GIVEN = "✓"
    LOG_IN = "401"
    REFUSED = "403"
    HIDDEN = "404"


_ENTERPRISE = frozenset((UserKind.ENTERPRISE,))
_AGENCY = frozenset((UserKind.AUTHORITY, *HANDLING))
_CALLED: dict[Party, frozenset[str]] = {
    Party.OWNER: _ENTERPRISE,
    Party.ENTERPRISE: _ENTERPRISE,
    Party.HANDLER: _AGENCY,
    Party.SUPERIOR: _AGENCY,
    Party.AGENCY: _AGENCY,
    Party.PROVINCE: frozenset((UserKind.AUTHORITY, OfficialRole.SUPERVISOR)),
    Party.SYSTEM: frozenset((UserKind.ADMIN, AdminRole.SYSTEM)),
    Party.SECURITY: frozenset((UserKind.ADMIN, AdminRole.SECURITY)),
    Party.AUDIT: frozenset((UserKind.ADMIN, AdminRole.AUDIT)),
}
"""By which of the names that routes let in a party is called."""
_SEES = frozenset((Party.OWNER, Party.HANDLER, Party.SUPERIOR, Party.PROVINCE, Party.SYSTEM, Party.AUDIT))
_ACTS = {Reach.SIGHT: _SEES, Reach.HAND: frozenset((Party.OWNER, Party.HANDLER)), Reach.GROUP: {Party.HANDLER}}
"""Who is answered, of those who see it."""


def changes_matters(method: str, blueprint: str | None) -> bool:
    """Whether a request may change more than what is the asker's own account's: then it is not the auditor's."""
    return method not in _READING and blueprint not in _OF_ONES_ACCOUNT


@dataclass(frozen=True)
class Access:
    """What a route declares. `who` is empty where everybody is let in who has logged in; `reach` None where it follows
    from the route: reading reaches as far as sight, changing no farther than the hand."""

    who: frozenset[str] = frozenset()
    reach: Reach | None = None


@dataclass(frozen=True)
class Entry:
    """One route. `who` is None where nobody has to log in."""

    method: str
    path: str
    endpoint: str
    who: frozenset[str] | None
    reach: Reach

    @property
    def section(self) -> str:
        """Under which heading it stands."""
        if self.who is None:
            return _SECTIONS[0]
        return _SECTIONS[2 if self.path.startswith("/api/") else 1]

    def answer(self, party: Party) -> Answer:
        """What a party is told who asks for it about a thing of the owner's that the handler handles."""
        if party == Party.AUDIT and changes_matters(self.method, self.endpoint.rpartition(".")[0]):
            return Answer.REFUSED
        if self.who is None:
            return Answer.GIVEN
        if party == Party.VISITOR:
            return Answer.LOG_IN
        named = _CALLED[party] & self.who
        if self.who and not named:
            return Answer.REFUSED
        if self.reach == Reach.ALL or named & set(AdminRole):
            return Answer.GIVEN
        if self.reach == Reach.OWN:
            return Answer.GIVEN if party == self._whose else Answer.HIDDEN
        if party not in _SEES:
            return Answer.HIDDEN
        return Answer.GIVEN if party in _ACTS[self.reach] else Answer.REFUSED

    @property
    def _whose(self) -> Party:
        """Whose own a thing is, of the two to whom the matter belongs."""
        return Party.OWNER if not self.who or UserKind.ENTERPRISE in self.who else Party.HANDLER


def entries(app: Flask) -> list[Entry]:
    """Every route of the application, by section, path and method."""
    found = [entry for rule in app.url_map.iter_rules() for entry in _of_rule(app, rule)]
    return sorted(found, key=lambda entry: (_SECTIONS.index(entry.section), entry.path, entry.method))


def document(app: Flask) -> str:
    """The table as docs/reference/access.md has it."""
    lines = [
        "# Who may ask for what",
        "",
        "Made from the routes by `jigai access`; a test asks every route as every party and compares.",
        "",
        "Each line is about a thing (a filing, a certificate, a task …) of 本企业, handled by 办理机关. 上级机关 is",
        "above that agency, 其他机关 is neither, 省级 is the province's supervisor.",
        "",
        "- ✓: the request is answered, perhaps with what is wrong about it.",
        "- 401: one has to log in. 403: it is refused. 404: it is as if the thing did not exist.",
        "- Where an address names no thing, the answer tells of what lies in sight of whoever asks.",
        "",
        "How far sight and hand reach is stated in `records/jurisdiction.py`, who is let in beside each route.",
    ]
    parties = list(Party)
    for section, listed in groupby(entries(app), key=lambda entry: entry.section):
        lines += [
            "",
            f"## {section}",
            "",
            f"| | address | {' | '.join(parties)} |",
            f"|---|---|{'---|' * len(parties)}",
        ]
        for entry in listed:
            told = " | ".join(entry.answer(party) for party in parties)
            lines.append(f"| {entry.method} | `{entry.path.replace('|', chr(92) + '|')}` | {told} |")
    return "\n".join(lines) + "\n"


def _of_rule(app: Flask, rule: Rule) -> Iterator[Entry]:
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        access = _declared(app.view_functions[rule.endpoint], method)
        if access is None:
            yield Entry(method, rule.rule, rule.endpoint, None, Reach.ALL)
        else:
            yield Entry(method, rule.rule, rule.endpoint, access.who, access.reach or _usual(method, rule))


def _declared(view: Callable[..., Any], method: str) -> Access | None:
    of_class = getattr(view, "view_class", None)
    found: Access | None = getattr(getattr(of_class, method.lower()) if of_class else view, "access", None)
    return found


def _usual(method: str, rule: Rule) -> Reach:
    if not any(name.endswith(_NAMES_A_MATTER) for name in rule.arguments):
        return Reach.ALL
    return Reach.SIGHT if method in _READING else Reach.HAND
