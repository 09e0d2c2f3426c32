"""Which files are taken (domain §4.5)."""

import hashlib
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from engine.errors import CommandRefused
from records.attachments import (
    MAX_BYTES,
    MAX_FILES,
    Attachment,
    AttachmentStore,
    attach,
    attachments_of,
    detach,
)
from records.documents import create_draft
from records.filings import Filing
from tests.records.conftest import NOW

PDF = b"%PDF-1.7\n"
PNG = b"\x89PNG\r\n\x1a\n..."
JPEG = b"\xff\xd8\xff\xe0..."
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..."


def archive(*members: str) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for member in members:
            file.writestr(member, "x")
    return content.getvalue()


@pytest.fixture
def store(tmp_path: Path) -> AttachmentStore:
    return AttachmentStore(tmp_path / "attachments")


@pytest.fixture
def filing_id(session: Session) -> str:
    return create_draft(session, Filing(enterprise_id="E01"), {}, actor="ent01", now=NOW).id


@pytest.fixture
def take(session: Session, store: AttachmentStore, filing_id: str):
    def take(name: str, content: bytes) -> Attachment:
        return attach(session, store, filing_id, name, content, actor="ent01", now=NOW)

    return take


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("营业执照.pdf", PDF, "application/pdf"),
        ("照片.JPG", JPEG, "image/jpeg"),
        ("照片.jpeg", JPEG, "image/jpeg"),
        ("图.png", PNG, "image/png"),
        ("说明.doc", OLE, "application/msword"),
        ("表.xls", OLE, "application/vnd.ms-excel"),
        (
            "说明.docx",
            archive("word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            "表.xlsx",
            archive("xl/workbook.xml"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        ("证照.ofd", archive("OFD.xml"), "application/ofd"),
        ("材料.zip", archive("a.txt"), "application/zip"),
    ],
)
def test_the_listed_types_are_taken_by_what_they_really_are(
    take, store: AttachmentStore, name: str, content: bytes, content_type: str
) -> None:
    attachment = take(name, content)
    assert (attachment.name, attachment.content_type) == (name, content_type)
    assert (attachment.size, attachment.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert store.read(attachment.stored_name) == content


@pytest.mark.parametrize(
    ("name", "content", "status", "sentence"),
    [
        ("病毒.exe", b"MZ", 415, "不支持"),
        ("没有扩展名", PDF, 415, "不支持"),
        ("假的.pdf", PNG, 415, "不符"),
        ("假的.docx", archive("a.txt"), 415, "不符"),
        ("坏的.zip", b"PK\x03\x04broken", 415, "不符"),
        ("坏的.docx", b"PK\x03\x04broken", 415, "不符"),
        ("空.pdf", b"", 422, "空的"),
        ("大.pdf", PDF + b"0" * MAX_BYTES, 413, "超过20MB"),
        ("", PDF, 422, "没有文件名"),
    ],
)
def test_anything_else_is_refused_with_a_sentence_and_leaves_no_file(
    take, store: AttachmentStore, name: str, content: bytes, status: int, sentence: str
) -> None:
    with pytest.raises(CommandRefused, match=sentence) as refusal:
        take(name, content)
    assert refusal.value.status == status
    assert not store.path("").exists()


@pytest.mark.parametrize("name", ["../../etc/passwd.pdf", "C:\\材料\\passwd.pdf"])
def test_a_name_from_outside_never_becomes_a_path(take, name: str) -> None:
    attachment = take(name, PDF)
    assert attachment.name == "passwd.pdf"
    assert attachment.stored_name.isalnum()


def test_a_very_long_name_is_shortened_before_its_extension(take) -> None:
    assert take("长" * 300 + ".pdf", PDF).name == "长" * 196 + ".pdf"


def test_a_filing_holds_twenty_files_and_no_more(session: Session, take, filing_id: str) -> None:
    for number in range(MAX_FILES):
        take(f"{number}.pdf", PDF)
    with pytest.raises(CommandRefused, match="最多上传20个") as refusal:
        take("again.pdf", PDF)
    assert refusal.value.status == 409
    assert len(attachments_of(session, filing_id)) == MAX_FILES


def test_a_removed_attachment_leaves_its_file_to_be_deleted_after_the_commit(
    session: Session, take, store: AttachmentStore, filing_id: str
) -> None:
    stored_name = detach(session, take("a.pdf", PDF))
    session.commit()
    assert attachments_of(session, filing_id) == []
    store.delete(stored_name)
    store.delete(stored_name)
    assert not store.path(stored_name).exists()
