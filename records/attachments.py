"""Attachments 备案材料: which files are taken, what they really are, and where they lie (domain §4.5)."""

import hashlib
import secrets
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path, PurePosixPath

from sqlalchemy import ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.tables import Base, UtcDateTime, new_id

MAX_MEGABYTES = 20
MAX_BYTES = MAX_MEGABYTES * 1024 * 1024
MAX_FILES = 20
_MAX_NAME = 200


class Attachment(Base):
    """A file of a document. `name` is the enterprise's name for it, `stored_name` the one on disk."""

    __tablename__ = "attachment"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    document_id: Mapped[str] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(_MAX_NAME))
    size: Mapped[int] = mapped_column(doc="bytes")
    sha256: Mapped[str] = mapped_column(String(64))
    content_type: Mapped[str] = mapped_column(String(100))
    stored_name: Mapped[str] = mapped_column(String(64), unique=True)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    uploaded_by: Mapped[str] = mapped_column(String(64))


class AttachmentStore:
    """A folder of files under random names, so that no name from outside ever becomes a path."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, content: bytes) -> str:
        """Store a file; answers with its name here."""
        self._root.mkdir(parents=True, exist_ok=True)
        name = secrets.token_hex(16)
        with (self._root / name).open("xb") as file:
            file.write(content)
        return name

    def path(self, stored_name: str) -> Path:
        return self._root / stored_name

    def read(self, stored_name: str) -> bytes:
        return self.path(stored_name).read_bytes()

    def delete(self, stored_name: str) -> None:
        """Remove a file; one that is gone already is no error."""
        self.path(stored_name).unlink(missing_ok=True)


def attachments_of(session: Session, document_id: str) -> Sequence[Attachment]:
    """A document's files in the order they came."""
    return session.scalars(
        select(Attachment).where(Attachment.document_id == document_id).order_by(Attachment.uploaded_at, Attachment.id)
    ).all()


def attach(
    session: Session,
    store: AttachmentStore,
    document_id: str,
    name: str,
    content: bytes,
    *,
    actor: str,
    now: datetime,
) -> Attachment:
    """Take a file for a filing that may be edited (the caller sees to that).

    Raises CommandRefused: 413 too large, 415 a type that is not taken or content of another type, 422 empty
    or without a name, 409 one file too many.
    """
    clean = PurePosixPath(name.replace("\\", "/")).name.strip()
    if not clean:
        raise CommandRefused("file_without_name", "上传的文件没有文件名。", status=422)
    content_type = _checked_type(clean, content)
    count = session.scalar(select(func.count()).where(Attachment.document_id == document_id)) or 0
    if count >= MAX_FILES:
        message = Phrase("每项申报最多上传{most}个文件，请先删除不需要的文件。", most=MAX_FILES)
        raise CommandRefused("too_many_files", message)
    attachment = Attachment(
        document_id=document_id,
        name=_shortened(clean),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content_type=content_type,
        stored_name=store.put(content),
        uploaded_at=now,
        uploaded_by=actor,
    )
    session.add(attachment)
    session.flush()
    return attachment


def copy_attachments(
    session: Session, store: AttachmentStore, document_id: str, copy_id: str, *, actor: str, now: datetime
) -> None:
    """Give another document the same files, each stored anew: either document may lose its own."""
    for attachment in attachments_of(session, document_id):
        session.add(
            Attachment(
                document_id=copy_id,
                name=attachment.name,
                size=attachment.size,
                sha256=attachment.sha256,
                content_type=attachment.content_type,
                stored_name=store.put(store.read(attachment.stored_name)),
                uploaded_at=now,
                uploaded_by=actor,
            )
        )
    session.flush()


def detach(session: Session, attachment: Attachment) -> str:
    """Forget an attachment; answers with the stored name, whose file the caller deletes after the commit."""
    session.delete(attachment)
    session.flush()
    return attachment.stored_name


# ---- what a file really is ----


@dataclass(frozen=True)
class FileType:
    """A type of file: its media type and how its content is recognised."""

    content_type: str
    recognises: Callable[[bytes], bool]


def _begins(magic: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(magic)


def _zip_with(member: str) -> Callable[[bytes], bool]:
    """A ZIP container that holds this member: what tells DOCX, XLSX and OFD from any other archive."""

    def recognises(content: bytes) -> bool:
        try:
            with zipfile.ZipFile(BytesIO(content)) as archive:
                return member in archive.namelist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError):
            return False

    return recognises


def _is_pdf(content: bytes) -> bool:
    # Some generators write a few bytes before the header; readers accept it within the first kilobyte.
    return b"%PDF-" in content[:1024]


def _is_zip(content: bytes) -> bool:
    return zipfile.is_zipfile(BytesIO(content))


_OLE = _begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # the container of Word and Excel before 2007
_OPEN_XML = "application/vnd.openxmlformats-officedocument."

FILE_TYPES = {
    ".pdf": FileType("application/pdf", _is_pdf),
    ".jpg": FileType("image/jpeg", _begins(b"\xff\xd8\xff")),
    ".jpeg": FileType("image/jpeg", _begins(b"\xff\xd8\xff")),
    ".png": FileType("image/png", _begins(b"\x89PNG\r\n\x1a\n")),
    ".doc": FileType("application/msword", _OLE),
    ".docx": FileType(_OPEN_XML + "wordprocessingml.document", _zip_with("word/document.xml")),
    ".xls": FileType("application/vnd.ms-excel", _OLE),
    ".xlsx": FileType(_OPEN_XML + "spreadsheetml.sheet", _zip_with("xl/workbook.xml")),
    ".ofd": FileType("application/ofd", _zip_with("OFD.xml")),
    ".zip": FileType("application/zip", _is_zip),
}


def _checked_type(name: str, content: bytes) -> str:
    """The media type of a file, or a refusal that says what is wrong with it."""
    if not content:
        raise CommandRefused("file_empty", Phrase("文件“{file}”是空的，请重新选择。", file=name), status=422)
    if len(content) > MAX_BYTES:
        message = "文件“{file}”超过{megabytes}MB，请压缩或拆分后上传。"
        raise CommandRefused("file_too_large", Phrase(message, file=name, megabytes=MAX_MEGABYTES), status=413)
    extension = PurePosixPath(name).suffix.lower()
    file_type = FILE_TYPES.get(extension)
    if file_type is None:
        message = "不支持文件“{file}”的格式，可上传PDF、JPG、PNG、DOC(X)、XLS(X)、OFD、ZIP文件。"
        raise CommandRefused("file_type_refused", Phrase(message, file=name), status=415)
    if not file_type.recognises(content):
        message = "文件“{file}”的内容与扩展名{extension}不符，可能已损坏或改过扩展名，请检查后重新上传。"
        raise CommandRefused("file_content_mismatch", Phrase(message, file=name, extension=extension), status=415)
    return file_type.content_type


def _shortened(name: str) -> str:
    """The name within its column, its (known, short) extension kept."""
    path = PurePosixPath(name)
    return name if len(name) <= _MAX_NAME else path.stem[: _MAX_NAME - len(path.suffix)] + path.suffix
