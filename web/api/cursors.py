"""Cursors of lists: each names the last line of a page. What names none is refused, so that no program takes the
first page for the one that it asked for."""

import re
from typing import Any

from sqlalchemy import Select

from engine.inbox import bad_cursor
from web.database import db

_ID = re.compile(r"[a-z2-7]{16}")


def number(cursor: str) -> int:
    """The number that the cursor is. Raises CommandRefused 422 for what is none."""
    if not cursor.isdecimal():
        raise bad_cursor()
    return int(cursor)


def id_of(cursor: str) -> str:
    """The id that the cursor is, of something that may be gone by now. Raises CommandRefused 422 for what is none."""
    if _ID.fullmatch(cursor) is None:
        raise bad_cursor()
    return cursor


def among(rows: Select[*tuple[Any, ...]], column: Any, cursor: str) -> str:
    """The cursor, which stands in a column of one of the rows. Raises CommandRefused 422 where it does not."""
    if db.session.execute(rows.where(column == cursor).limit(1)).first() is None:
        raise bad_cursor()
    return cursor
