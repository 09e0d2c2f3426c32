"""The electronic seal on a paper: who signed it and when, that a changed byte is noticed, that PDF/A is kept."""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pyhanko.keys.internal import translate_pyca_cryptography_cert_to_asn1
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from records.certificates import Seal
from tasks.keyring import MadeOnDemand
from tasks.papers.change_letter import ChangedField, ChangeLetter
from tasks.papers.official import compose
from tasks.papers.seal import SealedPaper, seal

AT = datetime(2022, 3, 1, 2, 30, tzinfo=UTC)
LETTER = ChangeLetter(
    number="2022-210704397230001-变1",
    enterprise_name="江门市星烁光电科技有限公司",
    project_name="半导体分立器件测试分选线技术改造项目",
    project_code="2110-440704-04-02-017173",
    certificate_number="210704397230001",
    changed=(ChangedField("总投资", "720 万元", "800 万元"),),
    reason="设备选型调整",
    agency_name="江门市江海区工业和信息化主管部门",
    issue_date=date(2022, 3, 1),
    seal=Seal.SEALED,
    verify_url="https://jigai.example/verify/abcdEFGH12345678",
)
KEYS = MadeOnDemand()


def sealed(letter: ChangeLetter = LETTER, agency_id: str = "A07") -> SealedPaper:
    key, sheet = KEYS.key_of(agency_id, letter.agency_name), compose(letter)
    assert key is not None
    return seal(sheet.pdf, sheet.seal_place, key, "备案专用章", AT)


def validated(pdf: bytes) -> PdfSignatureStatus:
    """What pyHanko finds, trusting the authority of the keys and nobody else."""
    root = translate_pyca_cryptography_cert_to_asn1(KEYS.authority.certificate)
    [signature] = PdfFileReader(BytesIO(pdf)).embedded_signatures
    context = ValidationContext(trust_roots=[root], moment=AT, allow_fetching=False)
    with ThreadPoolExecutor(1) as apart:  # a browser test before this one has an event loop running in this thread
        return apart.submit(validate_pdf_signature, signature, context).result()


def test_the_signature_is_the_agencys_over_the_whole_file_with_its_time() -> None:
    paper = sealed()
    status = validated(paper.pdf)
    assert (status.intact, status.valid, status.trusted, status.bottom_line) == (True, True, True, True)
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert status.signing_cert.subject.native["common_name"] == paper.subject == LETTER.agency_name
    [signature] = PdfFileReader(BytesIO(paper.pdf)).embedded_signatures
    assert signature.self_reported_timestamp == paper.sealed_at == AT
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"


def test_seal_and_signature_are_appended_to_the_print_that_anyone_can_repeat() -> None:
    assert sealed().pdf.startswith(compose(LETTER).pdf)


@pytest.mark.parametrize("where", [b"CreationDate(D:2022", b"/Rect"])
def test_one_changed_byte_is_noticed(where: bytes) -> None:
    pdf = bytearray(sealed().pdf)
    at = pdf.index(where) + len(where) - 1
    pdf[at] ^= 1
    assert not validated(bytes(pdf)).bottom_line


def test_papers_of_several_agencies_bear_each_its_own_seal() -> None:
    names = ("广州市黄埔区工业和信息化主管部门", "深圳市工业和信息化局")
    subjects = [sealed(replace(LETTER, agency_name=name), name).subject for name in names]
    assert subjects == list(names)


def test_another_program_finds_the_signature_valid_and_a_changed_file_not(pdfsig: str, tmp_path: Path) -> None:
    def said_of(pdf: bytes) -> str:
        file = tmp_path / "paper.pdf"
        file.write_bytes(pdf)
        return subprocess.run([pdfsig, str(file)], check=False, capture_output=True, text=True).stdout

    paper = sealed()
    told = said_of(paper.pdf)
    for line in (
        f"Signer Certificate Common Name: {LETTER.agency_name}",
        "Signature Type: ETSI.CAdES.detached",
        "Total document signed",
        "Signature is Valid.",
    ):
        assert line in told, told
    changed = paper.pdf.replace(b"CreationDate(D:2022", b"CreationDate(D:2023", 1)
    assert "Digest Mismatch" in said_of(changed)


def test_pdf_a_is_kept() -> None:
    pdf = sealed().pdf
    reader: Any = PdfReader(BytesIO(pdf))
    printed: Any = PdfReader(BytesIO(compose(LETTER).pdf))
    root, form = reader.trailer["/Root"], reader.trailer["/Root"]["/AcroForm"]
    assert root["/Metadata"].get_data() == printed.trailer["/Root"]["/Metadata"].get_data()
    assert reader.metadata == printed.metadata
    assert root["/OutputIntents"]
    assert form.keys() == {"/Fields", "/SigFlags"}
    [seal_on_page] = reader.pages[-1]["/Annots"]
    shown = seal_on_page.get_object()
    assert (shown["/F"], shown["/Subtype"], shown["/AP"].keys()) == (
        132,
        "/Widget",
        {"/N"},
    )  # printed, locked, one look
    face = shown["/AP"]["/N"].get_object()
    resources = face["/Resources"]
    assert not {"/ExtGState", "/Group", "/Pattern", "/Shading"} & (
        resources.keys() | face.keys()
    )  # nothing transparent
    for font in resources["/Font"].values():
        [descendant] = font.get_object()["/DescendantFonts"]
        assert "/FontFile3" in descendant.get_object()["/FontDescriptor"].get_object()
    colours = [space.get_object()[0] for space in resources["/ColorSpace"].values()]
    assert colours == ["/ICCBased"]
    operators = set(re.findall(rb"(?<=\s)(gs|sh|Do|BI)(?=\s)", face.get_data()))
    assert operators == set()


def test_the_seal_stands_over_the_authoritys_line() -> None:
    found: list[tuple[float, float]] = []
    page: Any = PdfReader(BytesIO(sealed().pdf)).pages[-1]

    def look(text: str, cm: list[float], tm: list[float], font: object, size: float) -> None:
        if "江门市江海区工业" in text:
            x, y = tm[4] * cm[0] + cm[4], tm[5] * cm[3] + cm[5]
            found.append((x, y))

    page.extract_text(visitor_text=look)
    left, bottom, right, top = (float(edge) for edge in page["/Annots"][0].get_object()["/Rect"])
    assert right - left == pytest.approx(42 * 72 / 25.4, abs=0.01)
    [(x, y)] = found
    assert left < x + 100 < right
    assert bottom < y < top


def test_an_agencys_own_seal_says_no_purpose() -> None:
    key, sheet = KEYS.key_of("A07", LETTER.agency_name), compose(LETTER)
    assert key is not None
    reader: Any = PdfReader(BytesIO(seal(sheet.pdf, sheet.seal_place, key, "", AT).pdf))
    assert reader.pages[-1]["/Annots"][0].get_object()["/TU"] == LETTER.agency_name
