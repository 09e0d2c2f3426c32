"""The electronic seal on a paper: a PAdES signature under the agency's key, and the round red seal where it stands.

The print stays as it is, byte for byte; seal and signature are appended to it (PDF's incremental update). The seal is a
drawing of lines and embedded glyphs without transparency, so that PDF/A-2b is kept.
"""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from pyhanko.pdf_utils.generic import DictionaryObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from tasks.keyring import AgencyKey
from tasks.papers.press import Place, press, template

FIELD = "seal"
"""The name of the signature's field in the PDF."""

_DIGEST = "sha256"
_ANY_DAY = date(2000, 1, 1)
_RADIUS = 21 * 72 / 25.4
"""Of the seal, in points; seal.typ and seal_face.typ have the same 21 mm."""


@dataclass(frozen=True)
class SealedPaper:
    """A sealed PDF, and what its signature says: whose it is, who vouches for that, when it was made."""

    pdf: bytes
    subject: str
    issuer: str
    serial: str
    sealed_at: datetime


def seal(pdf: bytes, place: Place, key: AgencyKey, purpose: str, at: datetime) -> SealedPaper:
    """The print with the agency's seal over `place`, signed (PAdES B-B) with the time `at`.

    `purpose` stands below the star, such as 备案专用章; an agency's own seal says nothing there.
    """
    writer = _Appending(io.BytesIO(pdf))
    page = writer.find_page_for_modification(place.page - 1)[0].get_object()
    left, bottom = place.x - _RADIUS, float(page["/MediaBox"][3]) - place.y - _RADIUS
    field = SigFieldSpec(
        FIELD,
        on_page=place.page - 1,
        box=(left, bottom, left + 2 * _RADIUS, bottom + 2 * _RADIUS),  # type: ignore[arg-type]  # fractions are kept
        readable_field_name=f"{key.subject}{purpose}",
    )
    signature = SignatureObject(at, subfilter=SigSeedSubFilter.PADES, name=key.subject)
    embedding = PdfCMSEmbedder(field).write_cms(FIELD, writer)
    shown = next(embedding).get_object()
    face = writer.import_page_as_xobject(PdfFileReader(io.BytesIO(_drawing(key.subject, purpose))))
    shown[pdf_name("/AP")] = DictionaryObject({pdf_name("/N"): face})
    embedding.send(SigObjSetup(signature))
    digest, output = embedding.send(SigIOSetup(_DIGEST))
    signing = key.signer.async_sign(digest.document_digest, _DIGEST, use_pades=True)
    with ThreadPoolExecutor(1) as apart:  # whoever calls may have an event loop running, which allows no second one
        embedding.send(apart.submit(asyncio.run, signing).result())
    return SealedPaper(output.getvalue(), key.subject, key.issuer, key.serial, at)


class _Appending(IncrementalPdfFileWriter):
    """Leaves the print's metadata alone: pyHanko would write them anew, in a form that PDF/A does not allow."""

    def _update_meta(self) -> None:
        pass


@lru_cache(maxsize=256)
def _drawing(agency: str, purpose: str) -> bytes:
    """The seal as a page that is nothing else."""
    return press().print(template("seal_face.typ"), {"agency": agency, "purpose": purpose}, _ANY_DAY, tagged=False)
