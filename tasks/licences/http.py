"""电子证照系统 over HTTP: one POST a paper, answered with the licence's id (docs/reference/papers.md)."""

from __future__ import annotations

import base64
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import requests

from tasks.licences.system import Licence, LicenceRefused, LicencesUnavailable

TIMEOUT = (3.05, 15.0)
"""Seconds to connect and between two bytes of the answer."""

_LONGEST_ID = 64
_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY)
"""What says that asking again is of no use; anything else may be different later, or after somebody has mended it."""


class HttpLicences:
    """The system behind an address. `token` is sent as a bearer token."""

    def __init__(self, url: str, token: str | None = None, timeout: tuple[float, float] = TIMEOUT) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = timeout

    def register(self, licence: Licence, key: str) -> str:
        body = asdict(licence) | {
            "issue_date": licence.issue_date.isoformat(),
            "pdf": base64.b64encode(licence.pdf).decode("ascii"),
        }
        headers = {**self._headers, "Idempotency-Key": key}
        try:
            answer = requests.post(self._url, json=body, headers=headers, timeout=self._timeout, allow_redirects=False)
            told = _object(answer)
        except requests.RequestException as failure:
            raise LicencesUnavailable(f"连接失败（{type(failure).__name__}）") from failure
        if answer.status_code in _REFUSED:
            raise LicenceRefused(str(told.get("message") or f"HTTP {answer.status_code}"))
        if answer.status_code not in (HTTPStatus.OK, HTTPStatus.CREATED):
            raise LicencesUnavailable(f"HTTP {answer.status_code}")
        licence_id = told.get("licence_id")
        if not isinstance(licence_id, str) or not 0 < len(licence_id) <= _LONGEST_ID:
            raise LicencesUnavailable("应答中没有 licence_id")
        return licence_id


def _object(answer: requests.Response) -> dict[str, Any]:
    """The answer's JSON object; empty where it is something else."""
    try:
        told = answer.json()
    except requests.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}
