"""Policy editions 政策版本: a new list is imported from a CSV file, all of it or nothing (domain §5.5).

A case keeps the edition that was in force on the day of its submission: it stands in its form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused, FieldError
from engine.phrases import Phrase
from records.admin_acts import Act, differing, note
from records.calendar import local_date
from records.policies import PolicyEdition, PolicyEntry, PolicyKind
from tasks.filings.vocabulary import CHOICES
from tasks.sheet import Column, Line, Problem, parse

COLUMNS = (
    Column("代码", "code", needed=True),
    Column("条目", "title", needed=True),
    Column("类别", "category", needed=True),
)

KINDS: Mapping[PolicyKind, str] = MappingProxyType(
    {
        PolicyKind.INDUSTRY_CATALOGUE: "产业结构调整指导目录",
        PolicyKind.NEGATIVE_LIST: "市场准入负面清单",
        PolicyKind.APPROVAL_CATALOGUE: "政府核准的投资项目目录",
    }
)
"""The lists that are imported. What follows from an entry's category stands in the decision tables."""

# What the forms offer, but for what they say of a project that is in no list.
_CATEGORIES = {
    PolicyKind.INDUSTRY_CATALOGUE: CHOICES["catalogue"],
    PolicyKind.NEGATIVE_LIST: CHOICES["negative_list"][1:],
    PolicyKind.APPROVAL_CATALOGUE: CHOICES["approval_category"][1:],
}
LONGEST_EDITION, LONGEST_TITLE = PolicyEdition.edition.type.length, PolicyEdition.title.type.length
_LONGEST_CODE, _LONGEST_ENTRY = PolicyEntry.code.type.length, 2000


@dataclass(frozen=True)
class Heading:
    """What an edition is called and when it is in force; both days belong to it, None: without end."""

    kind: PolicyKind
    edition: str
    title: str
    effective_from: date | None
    effective_to: date | None


@dataclass
class Content:
    """What a file brings: code, title and category of each entry, and everything that is wrong."""

    entries: list[tuple[str, str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_content(file: str, content: bytes, kind: PolicyKind) -> Content:
    """Read the entries of an edition from a CSV file with the columns 代码, 条目, 类别."""
    sheet = parse(file, content, COLUMNS)
    found, seen = Content(problems=list(sheet.problems)), dict[str, int]()
    for line in sheet.lines:
        code, title, category = (line.text(column.name) for column in COLUMNS)
        _check(line, kind, seen)
        seen.setdefault(code, line.number)
        if not line.problems:
            found.entries.append((code, title, category))
        found.problems += line.problems
    if not sheet.lines and not sheet.problems:
        found.problems.append(Problem(file, 1, "", message="没有任何条目", remedy="在栏目名下面每行填写一个条目"))
    return found


def _check(line: Line, kind: PolicyKind, seen: Mapping[str, int]) -> None:
    code, category, known = line.text("code"), line.text("category"), _CATEGORIES[kind]
    if code in seen:
        message = Phrase("代码 {code} 与第 {line} 行相同", code=code, line=seen[code])
        line.refuse("code", message, remedy="每个代码只留一行")
    if len(code) > _LONGEST_CODE:
        line.refuse("code", Phrase("超过 {longest} 个字符", longest=_LONGEST_CODE), remedy="缩短代码")
    if len(line.text("title")) > _LONGEST_ENTRY:
        line.refuse("title", Phrase("超过 {longest} 个字", longest=_LONGEST_ENTRY), remedy="缩短条目")
    if category and category not in known:
        message = Phrase("没有类别{category}", category=f"“{category}”")
        line.refuse("category", message, Phrase("填{categories}之一", categories="、".join(known)))


def require_fit(session: Session, heading: Heading, today: date) -> None:
    """Raises BusinessRefusal with everything that is wrong with the edition itself."""
    wrong = _wrong_days(heading.effective_from, heading.effective_to)
    if heading.kind not in KINDS:
        wrong.append(FieldError("kind", "kind", "请选择目录。"))
    for name, text, noun, longest in (
        ("edition", heading.edition, "版本", LONGEST_EDITION),
        ("title", heading.title, "名称", LONGEST_TITLE),
    ):
        if not 0 < len(text) <= longest:
            message = Phrase("请填写{noun}（不超过 {longest} 个字）。", noun=noun, longest=longest)
            wrong.append(FieldError(name, "text", message))
    known = session.get(PolicyEdition, (heading.kind, heading.edition))
    if known is not None and known.effective_from <= today:
        message = Phrase("{edition}已经施行，不能重新导入；有修订时请用新的版本名。", edition=heading.edition)
        wrong.append(FieldError("edition", "edition", message))
    if wrong:
        raise BusinessRefusal(wrong, message="没有导入任何内容。")


def take(command: Command, heading: Heading, content: Content) -> PolicyEdition:
    """Import an edition; one that is not in force yet is replaced. Raises BusinessRefusal or CommandRefused, and then
    nothing of it is there."""
    require_fit(command.session, heading, local_date(command.now))
    if content.problems:
        message = Phrase("文件有 {count} 处不符合要求，没有导入任何内容。", count=len(content.problems))
        raise CommandRefused("file_unfit", message, status=422, remedy="请按清单更正后重新导入。")
    session, key = command.session, (heading.kind.value, heading.edition)
    session.execute(delete(PolicyEntry).where(PolicyEntry.kind == key[0], PolicyEntry.edition == key[1]))
    edition = session.merge(
        PolicyEdition(
            kind=key[0],
            edition=key[1],
            title=heading.title,
            effective_from=heading.effective_from,
            effective_to=heading.effective_to,
        )
    )
    session.flush()
    session.add_all(
        PolicyEntry(kind=key[0], edition=key[1], code=code, title=title, category=category)
        for code, title, category in content.entries
    )
    told = _told(edition) | {"entries": len(content.entries)}
    _record(command, Act.EDITION_IMPORTED, edition, after=told)
    return edition


def change(
    command: Command, edition: PolicyEdition, title: str, effective_from: date | None, effective_to: date | None
) -> None:
    """Change what an edition is called and when it is in force. Raises BusinessRefusal with everything that is wrong.

    Cases that were submitted keep the edition they have.
    """
    wrong = _wrong_days(effective_from, effective_to)
    if not 0 < len(title) <= LONGEST_TITLE:
        message = Phrase("请填写名称（不超过 {longest} 个字）。", longest=LONGEST_TITLE)
        wrong.append(FieldError("title", "text", message))
    if wrong or effective_from is None:
        raise BusinessRefusal(wrong, message="没有保存。")
    before = _told(edition)
    edition.title, edition.effective_from, edition.effective_to = title, effective_from, effective_to
    command.session.flush()
    was, now = differing(before, _told(edition))
    if now:
        _record(command, Act.EDITION_CHANGED, edition, before=was, after=now)


def counted(session: Session) -> dict[tuple[str, str], int]:
    """How many entries each edition has."""
    query = select(PolicyEntry.kind, PolicyEntry.edition, func.count()).group_by(PolicyEntry.kind, PolicyEntry.edition)
    return {(kind, edition): count for kind, edition, count in session.execute(query)}


def _wrong_days(effective_from: date | None, effective_to: date | None) -> list[FieldError]:
    if effective_from is None:
        return [FieldError("effective_from", "day", "请填写施行日期，写成 2021-10-26 的样子。")]
    if effective_to is not None and effective_to < effective_from:
        return [FieldError("effective_to", "day", "失效日期不能早于施行日期。")]
    return []


def _told(edition: PolicyEdition) -> dict[str, str | None]:
    days = {name: getattr(edition, name) for name in ("effective_from", "effective_to")}
    return {"title": edition.title} | {name: str(day) if day else None for name, day in days.items()}


def _record(command: Command, act: Act, edition: PolicyEdition, **told: Mapping[str, object]) -> None:
    subject = f"{KINDS.get(PolicyKind(edition.kind), edition.kind)} {edition.edition}"
    note(command.session, act, subject, actor=command.actor, now=command.now, **told)
