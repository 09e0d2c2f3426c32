"""Lists on pages: which part is shown, and the addresses of the parts before and after."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.orm import Session

from engine.inbox import COUNTED

SIZE = 20


@dataclass(frozen=True)
class Part:
    """Some rows of a list, and its foot as `macros/list.html` shows it."""

    rows: list[Any]
    foot: dict[str, Any]


def part(session: Session, query: Select[*tuple[Any, ...]], *, size: int = SIZE, most: int | None = None) -> Part:
    """The part of a query that `?page=` asks for, the first one by default. No more than `most` rows are counted."""
    total = count(session, query, most)
    counted = None if most is not None and total > most else total
    return counted_part(
        counted, lambda limit, offset: list(session.execute(query.limit(limit).offset(offset))), size, most
    )


def counted_part(
    total: int | None, rows_of: Callable[[int, int], list[Any]], size: int = SIZE, most: int | None = None
) -> Part:
    """The part of a list that `?page=` asks for. `total` is None where there are more than the `most` that were
    counted; `rows_of` answers with so many rows from an offset on."""
    number = max(1, request.args.get("page", 1, type=int))
    if total is not None:
        number = min(number, max(1, -(-total // size)))
    first = (number - 1) * size
    rows = rows_of(size + 1, first)
    goes_on, rows = len(rows) > size, rows[:size]
    return Part(
        rows,
        {
            "first": first + 1 if rows else 0,
            "last": first + len(rows),
            "total": most if total is None else total,
            "more": total is None and most is not None,
            "prev_url": same_page(page=number - 1) if number > 1 else None,
            "next_url": same_page(page=number + 1) if goes_on else None,
        },
    )


def told(count: int | None) -> str:
    """A count as a page says it, nothing for none: of what is not counted to its end, that there are more."""
    return f"{COUNTED}+" if count is None else str(count or "")


def count(session: Session, query: Select[*tuple[Any, ...]], most: int | None = None) -> int:
    """How many rows a query has; one more than `most` where there are more."""
    rows = query.order_by(None).with_only_columns(literal(1), maintain_column_froms=True)
    counted = rows.limit(most + 1) if most is not None else rows
    return session.scalar(select(func.count()).select_from(counted.subquery())) or 0


def same_page(**changed: Any) -> str:
    """The address of the page being shown, with some of its query changed; None removes one."""
    args: Mapping[str, Any] = {**request.view_args, **request.args.to_dict(), **changed}  # type: ignore[dict-item]
    kept = {name: value for name, value in args.items() if value is not None}
    return url_for(str(request.endpoint), **kept)


def searched() -> str:
    """What was typed into the search box."""
    return request.args.get("q", "").strip()[:100]


def containing(text: str, *columns: Any) -> ColumnElement[bool]:
    """Whether one of the columns contains the text."""
    return or_(*(column.icontains(text, autoescape=True) for column in columns))
