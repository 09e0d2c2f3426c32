"""What people get of electronic seals: the sealed file, its fingerprint, who sealed it, and what fails (R163-R167)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from pyhanko.pdf_utils.reader import PdfFileReader

from records.simulation import SimulatedOutage
from tasks.keyring import make_authority, make_key
from tests.web.conftest import Visitor
from tests.web.portal import KEYS, Portal
from web.api import papers
from web.cli import main
from web.database import db

AGENCY = "江门市江海区工业和信息化主管部门"


@pytest.fixture
def filing_id(portal: Portal) -> str:
    filing_id = str(portal.draft()["id"])
    assert portal.submit(filing_id).status_code == 200
    return filing_id


@pytest.fixture
def outage(portal: Portal) -> Callable[[str | None], None]:
    """Let 电子证照系统 fail, or work again."""

    def put(kind: str | None) -> None:
        with portal.app.app_context():
            db.session.query(SimulatedOutage).delete()
            if kind is not None:
                db.session.add(SimulatedOutage(system="licences", kind=kind))
            db.session.commit()

    return put


def failed_job(portal: Portal) -> dict[str, Any]:
    [job] = portal.call("admin", "GET", "/jobs?state=failed").get_json()["items"]
    return dict(job)


def test_the_certificate_is_downloaded_sealed_and_verified_by_its_fingerprint(
    portal: Portal, filing_id: str, visitor: Visitor
) -> None:
    number = portal.issue(filing_id)
    pdf = portal.call("ent01", "GET", f"/certificates/{number}/pdf").data
    [signature] = PdfFileReader(BytesIO(pdf)).embedded_signatures
    assert signature.compute_integrity_info() is None
    token = portal.call("ent01", "GET", f"/certificates/{number}").get_json()["verify_token"]
    told = portal.call(None, "GET", f"/verify/{token}").get_json()
    assert (told["seal"], told["pdf_sha256"]) == ("SEALED", hashlib.sha256(pdf).hexdigest())
    seal = told["electronic_seal"]
    assert (seal["subject"], seal["sealed_at"], seal["specimen"]) == (AGENCY, "2026-03-02T02:00:00+00:00", True)
    assert seal["licence_id"].startswith("SIM-")
    page = visitor.read(f"/verify/{token}")
    for part in (told["pdf_sha256"], f"{AGENCY}，2026-03-02 10:00 加盖", seal["issuer"], seal["serial"], "GB/T 38540"):
        assert part in page, part
    for personal in ("黄例甲", "194", "4499"):
        assert personal not in page


def test_what_became_of_a_certificate_is_verified_too(portal: Portal, filing_id: str, visitor: Visitor) -> None:
    number = portal.issue(filing_id)
    cancelled = portal.call("ent01", "POST", f"/certificates/{number}/cancel", json={"reason": "不再实施"})
    assert cancelled.status_code == 200, cancelled.text
    page = visitor.read(f"/verify?number={number}")
    assert "该备案证真实，但已失效" in page
    assert "企业注销" in page


def test_while_the_licence_is_not_registered_the_list_says_so_and_nobody_gets_the_file(
    portal: Portal,
    filing_id: str,
    outage: Callable[[str | None], None],
    client_of: Callable[[str], Visitor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(papers, "PATIENCE", 0)
    outage("down")
    number = portal.issue(filing_id)
    assert portal.filing(filing_id)["status"] == "ISSUED"
    assert portal.call("ent01", "GET", f"/certificates/{number}/pdf").status_code == 503
    assert "办理中" in client_of("ent01").read("/certificates")
    assert "电子证照登记中" in client_of("ent01").read(f"/certificates/{number}")
    portal.clock.advance(timedelta(minutes=1))
    portal.settle()
    portal.clock.advance(timedelta(minutes=1))
    portal.settle()
    job = failed_job(portal)
    assert (job["service"], job["element_id"]) == ("licence/register", "register_licence")
    outage(None)
    assert portal.call("admin", "POST", f"/jobs/{job['id']}/retry", json={}).status_code == 200
    assert portal.call("ent01", "GET", f"/certificates/{number}/pdf").status_code == 200
    assert "办理中" not in client_of("ent01").read("/certificates")


def test_an_operator_who_does_without_the_licence_sends_the_paper_to_be_stamped(
    portal: Portal, filing_id: str, outage: Callable[[str | None], None]
) -> None:
    outage("down")
    number = portal.issue(filing_id)
    for _ in range(2):
        portal.clock.advance(timedelta(minutes=1))
        portal.settle()
    skipped = portal.call("admin", "POST", f"/jobs/{failed_job(portal)['id']}/skip", json={"reason": "系统停用"})
    assert skipped.status_code == 200, skipped.text
    told = portal.call("ent01", "GET", f"/certificates/{number}").get_json()
    assert (told["seal"], told["electronic_seal"]) == ("OFFLINE_PENDING", None)
    pdf = portal.call("ent01", "GET", f"/certificates/{number}/pdf").data
    assert PdfFileReader(BytesIO(pdf)).embedded_signatures == []
    assert portal.task("gx10", filing_id)["element_id"] == "stamp_paper"


def test_a_notice_of_an_agency_with_a_seal_is_sealed(portal: Portal, filing_id: str) -> None:
    assert portal.decide("gx10", filing_id, "refuse", "项目已经开工").status_code == 200
    [paper] = portal.call("ent01", "GET", f"/filings/{filing_id}/papers").get_json()
    assert paper["electronic_seal"]["subject"] == AGENCY
    pdf = portal.call("ent01", "GET", f"/papers/{paper['id']}/pdf").data
    assert len(PdfFileReader(BytesIO(pdf)).embedded_signatures) == 1


def test_keys_are_made_listed_and_imported_by_command(tmp_path: Any) -> None:
    environment = {"JIGAI_VAR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path / 'jigai.db'}", **KEYS}
    portal = Portal(environment["DATABASE_URL"], tmp_path)
    portal.load()
    portal.close()
    key = make_key(make_authority(), "佛山市南海区工业和信息化主管部门")
    file = tmp_path / "key.p12"
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(b"k", key.key, key.certificate, key.chain, BestAvailableEncryption(b"pw"))
    )

    def run(*arguments: str, **more: str) -> Any:
        return CliRunner().invoke(main, ["seals", *arguments], env=environment | more)

    imported = run("import", "A08", str(file), JIGAI_PKCS12_PASSPHRASE="pw")
    assert imported.exit_code == 0, imported.output
    assert key.subject in imported.output
    assert "口令不正确" in run("import", "A08", str(file), JIGAI_PKCS12_PASSPHRASE="no").output
    assert run("make", "nobody").exit_code == 2
    assert AGENCY in run("make", "A07").output
    listed = run("list")
    assert listed.exit_code == 0, listed.output
    assert f"A08      {key.subject}" in listed.output
    assert run("authority").output.startswith("-----BEGIN CERTIFICATE-----")
