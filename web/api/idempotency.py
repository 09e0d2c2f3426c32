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
from web.identity import me
from web.runtime import command

HEADER = "Idempotency-Key"


def once(give: Callable[[Command], Any], answer: Schema, status: int = 200) -> Response:
    """Give a command in a transaction and answer with what it returns, dumped by `answer`.

    The receipt is written in the command's own transaction: either both are there or neither. The same key with
    another request is refused.
    """
    user = me().username
    key = request.headers.get(HEADER, "")[:128]
    for last_try in (False, True):
        try:
            with command(user) as given:
                receipt = given.session.get(CommandReceipt, (user, key)) if key else None
                if receipt is not None:
                    return _again(receipt)
                document = json.loads(json.dumps(answer.dump(give(given))))
                if key:
                    given.session.add(
                        CommandReceipt(
                            actor=user, key=key, request=_digest(), status=status, answer=document, created_at=given.now
                        )
                    )
            return _answer(document, status)
        except IntegrityError:
            # The same request came twice at one moment and the other was faster: its receipt is there now.
            if last_try or not key:
                raise
    raise AssertionError("the second try answers or raises")


def _answer(document: Any, status: int) -> Response:
    response = jsonify(document)
    response.status_code = status
    return response


def _again(receipt: CommandReceipt) -> Response:
    if receipt.request != _digest():
        raise CommandRefused(
            "idempotency_key_reused",
            "这个 Idempotency-Key 已用于另一个请求。",
            status=422,
            remedy="请为每个新的操作使用新的值。",
        )
    return _answer(receipt.answer, receipt.status)


def _digest() -> str:
    asked = f"{request.method} {request.path}\n".encode() + request.get_data(cache=True)
    return hashlib.sha256(asked).hexdigest()


__all__ = ["HEADER", "once"]
