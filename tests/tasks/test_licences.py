"""电子证照系统 over HTTP, against a server that answers as it is told."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tasks.licences.http import HttpLicences
from tasks.licences.system import Licence, LicenceRefused, LicencesUnavailable

LICENCE = Licence(
    number="210704397230001",
    title="广东省技术改造投资项目备案证",
    holder="江门市星烁光电科技有限公司",
    holder_uscc="91440704MAXXX0015F",
    project_name="半导体分立器件测试分选线技术改造项目",
    project_code="2110-440704-04-02-017173",
    issuer="江门市江海区工业和信息化主管部门",
    issue_date=date(2021, 11, 16),
    sha256="0" * 64,
    pdf=b"%PDF-1.7",
)


@dataclass
class Registry:
    """What the server answers, and what it was asked."""

    status: int = 201
    body: bytes = b'{"licence_id": "GD-1"}'
    delay: float = 0
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def registry() -> Iterator[Registry]:
    told = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            told.asked.append((dict(self.headers), json.loads(content)))
            time.sleep(told.delay)
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *args: Any) -> None:
            """Nothing is logged."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever asked has gone away."""

    server = Server(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/licences"
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield told
    server.shutdown()
    serving.join()
    server.server_close()


def test_a_paper_is_sent_with_its_key_and_the_answer_names_the_licence(registry: Registry) -> None:
    assert HttpLicences(registry.url, "secret").register(LICENCE, "case-1:register") == "GD-1"
    [(headers, body)] = registry.asked
    assert headers["Idempotency-Key"] == "case-1:register"
    assert headers["Authorization"] == "Bearer secret"
    assert base64.b64decode(body.pop("pdf")) == LICENCE.pdf
    assert (body["number"], body["issue_date"], body["holder_uscc"]) == (
        "210704397230001",
        "2021-11-16",
        "91440704MAXXX0015F",
    )


@pytest.mark.parametrize("status", [400, 422])
def test_what_the_system_refuses_is_refused_with_its_words(registry: Registry, status: int) -> None:
    registry.status, registry.body = status, '{"message": "证照目录中没有该类型"}'.encode()
    with pytest.raises(LicenceRefused, match="证照目录中没有该类型"):
        HttpLicences(registry.url).register(LICENCE, "k")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b"{}"),
        (429, b"{}"),
        (302, b""),
        (503, b"<html>"),
        (200, b"<html>"),
        (200, b'{"licence_id": ""}'),
        (200, b"[]"),
    ],
)
def test_whatever_else_it_answers_is_tried_again(registry: Registry, status: int, body: bytes) -> None:
    registry.status, registry.body, registry.headers = status, body, {"Location": "/elsewhere"}
    with pytest.raises(LicencesUnavailable):
        HttpLicences(registry.url).register(LICENCE, "k")
    assert len(registry.asked) == 1


def test_a_system_that_is_silent_or_away_is_tried_again(registry: Registry) -> None:
    registry.delay = 0.5
    with pytest.raises(LicencesUnavailable, match="ReadTimeout"):
        HttpLicences(registry.url, timeout=(1, 0.1)).register(LICENCE, "k")
    with pytest.raises(LicencesUnavailable, match="ConnectionError"):
        HttpLicences("http://127.0.0.1:1/licences").register(LICENCE, "k")
