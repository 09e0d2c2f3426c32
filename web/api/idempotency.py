"""A command of the REST interface, once: repeated under its `Idempotency-Key` it answers as the first time."""

import hashlib
from collections.abc import Callable
from typing import Any

from flask import Response, json, jsonify, request
from marshmallow import Schema
from sqlalchemy.exc import IntegrityError

from engine.commands import Command
from engine.errors import CommandRefused
from engine.tables import CommandReceipt
from web.database import db
from web.identity import me
from web.runtime import command

HEADER = "Idempotency-Key"


def once(give: Callable[[Command], Any], answer: Schema, status: int = 200) -> Response:
    """Give a command in a transaction and answer with what it returns, dumped by `answer`.

    The same key with another request is refused.
    """
    key = request.headers.get(HEADER, "")[:128]
    document, status = once_under(key, digest(), lambda given: answer.dump(give(given)), status)
    response = jsonify(document)
    response.status_code = status
    return response


def once_under(key: str, asked: str, give: Callable[[Command], Any], status: int = 200) -> tuple[Any, int]:
    """Give a command in a transaction; answers with the JSON it returns and a status, the first ones where the
    key has been seen. `asked` is the digest of the request. An empty key is never remembered.

    The receipt is written in the command's own transaction: either both are there or neither.
    """
    user = me().username
    for last_try in (False, True):
        try:
            with command(user) as given:
                receipt = given.session.get(CommandReceipt, (user, key)) if key else None
                if receipt is not None:
                    return _again(receipt, asked)
                document = json.loads(json.dumps(give(given)))
                if key:
                    given.session.add(
                        CommandReceipt(
                            actor=user, key=key, request=asked, status=status, answer=document, created_at=given.now
                        )
                    )
        except IntegrityError:
            # The same request came twice at one moment and the other was faster: its receipt is there now.
            if last_try or not key:
                raise
        else:
            return document, status
    raise AssertionError("the second try answers or raises")


def _again(receipt: CommandReceipt, asked: str) -> tuple[Any, int]:
    if receipt.request != asked:
        raise CommandRefused(
            "idempotency_key_reused",
            "这个 Idempotency-Key 已用于另一个请求。",
            status=422,
            remedy="请为每个新的操作使用新的值。",
        )
    return receipt.answer, receipt.status


def answered(key: str, asked: str) -> tuple[Any, int] | None:
    """What the same request was answered with before, if it was."""
    receipt = db.session.get(CommandReceipt, (me().username, key)) if key else None
    return None if receipt is None else _again(receipt, asked)


def digest() -> str:
    """Names the current request by its content."""
    asked = f"{request.method} {request.path}\n".encode() + request.get_data(cache=True)
    return hashlib.sha256(asked).hexdigest()


__all__ = ["HEADER", "answered", "digest", "once", "once_under"]
