"""线下盖章: entering a paper in the register, its stamp and its hand-over, where there is no electronic seal (R165).

What an official does is a user task of `sealing`. Who collects the paper is a person: that goes into the encrypted
register and never through the variables and the history of a case, which are readable and kept for ever.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.errors import BpmnError, BusinessRefusal, CommandRefused, EngineError
from engine.phrases import Phrase
from engine.services import Call, Param, service_task
from engine.tables import Instance, Task
from records.calendar import local_date
from records.certificates import Certificate, CertificateStatus, Clearance, Seal, held
from records.filings import FILING
from records.formats import ID_TYPES, identity_valid
from records.papers import GRANTING, Paper
from records.seals import LONGEST_NAME, LONGEST_REMARK, OfflineSeal, SealState, entry_of, uncollected
from tasks.documents import document_of
from tasks.filings.findings import Finding, error

CERTIFICATE_INVALID = "CERTIFICATE_INVALID"


@dataclass(frozen=True)
class EnteredPaper:
    """The paper that is to be stamped."""

    paper_number: str


def register(command: Command, entry: OfflineSeal, told: Mapping[str, Any]) -> Instance:
    """Complete the open task of a paper with what an official tells: `stamped_on`, `collected_on`, `remark`, and
    `collector` with the keys `name`, `id_type` and `id_no`; what is left out is not told.

    Raises CommandRefused where nothing is to be registered now, and BusinessRefusal with everything that is wrong.
    """
    task = open_task(command.session, entry)
    if task is None:
        raise CommandRefused("nothing_to_register", _why_not(entry))
    collector = {name: text for name, text in (told.get("collector") or {}).items() if text}
    entry.collector = collector or None
    command.session.flush()
    data = {name: told[name] for name in ("stamped_on", "collected_on", "remark") if told.get(name)}
    if entry.state == SealState.STAMPED:
        data.pop("stamped_on", None)  # it stands in the register
    return command.complete(task.id, data=data)


def open_task(session: Session, entry: OfflineSeal) -> Task | None:
    """The task with which the paper's next step is registered."""
    query = select(Task).where(Task.instance_id == entry.document.instance_id, Task.state == "open")
    return session.scalar(query) if entry.state in (SealState.PENDING, SealState.STAMPED) else None


def _why_not(entry: OfflineSeal) -> str:
    """Why nothing is to be registered of a paper now."""
    paper, number = entry.document.PAPER, entry.paper_number
    if entry.state == SealState.CEASED:
        held = entry.document.HOLDS.NOUN
        return Phrase("{paper} {number} 因{held}失效不再办理。", paper=paper, number=number, held=held)
    if entry.state == SealState.COLLECTED:
        return Phrase("{paper} {number} 已登记领取。", paper=paper, number=number)
    return Phrase("{paper} {number} 没有待办的登记。", paper=paper, number=number)


@service_task(
    "seal/enter",
    version=1,
    title="列入盖章登记册",
    category="线下盖章",
    effect="transaction",
    errors={CERTIFICATE_INVALID: "备案证已失效"},
)
def enter(
    document_kind: Annotated[str, Param(title="事项类型", description="filing、approval、change、correction …")],
    document_id: Annotated[str, Param(title="文书编号")],
    call: Call,
) -> EnteredPaper:
    """Put the paper that answers a document into the register of the agency that issued it; once.

    Throws CERTIFICATE_INVALID where the certificate has ended meanwhile: then there is nothing to stamp any more.
    """
    session, document = call.session, document_of(call.session, document_kind, document_id)
    certificate = held(session, document.certificate_number or "")
    if certificate.status == CertificateStatus.INVALID:
        raise BpmnError(CERTIFICATE_INVALID, f"{certificate.NOUN} {certificate.number} 已失效，不再盖章。")
    entry = entry_of(session, document.id)
    if entry is None:
        number, issue_date = certificate.number, certificate.issue_date
        if document.kind != FILING:
            paper = _letter(session, document.id)
            number, issue_date = paper.number, paper.issue_date
        entry = OfflineSeal(
            document_id=document.id,
            certificate_number=certificate.number,
            paper_number=number,
            agency_id=document.agency_id or certificate.agency_id,
            issue_date=issue_date,
        )
        session.add(entry)
        session.flush()
    return EnteredPaper(entry.paper_number)


@service_task("seal/stamp", version=1, title="登记盖章", category="线下盖章", effect="transaction")
def stamp(
    document_id: Annotated[str, Param(title="文书编号")],
    stamped_on: Annotated[date, Param(title="盖章日期")],
    call: Call,
    collected_on: Annotated[date | None, Param(title="领取日期", description="盖章时一并领取的才填")] = None,
    remark: Annotated[str, Param(title="备注")] = "",
) -> None:
    """Note that the paper bears its seal; with `collected_on` it is also looked at whether it may be handed over.

    Raises BusinessRefusal with everything that is wrong, which takes the whole command back.
    """
    entry = _entry(call.session, document_id)
    certificate, today = _holding(call.session, entry), local_date(call.now)
    found = list(_about_stamp(entry, stamped_on, remark, today))
    if collected_on is not None or entry.collector:
        found += _about_collection(entry, stamped_on, collected_on, today)
    _refuse(found)
    entry.state, entry.stamped_on, entry.stamped_by = SealState.STAMPED.value, stamped_on, call.actor
    entry.remark = remark.strip()
    if isinstance(certificate, Certificate) and entry.paper_number == certificate.number:
        certificate.seal = Seal.OFFLINE_DONE.value
    else:
        _letter(call.session, document_id).seal = Seal.OFFLINE_DONE.value
    call.session.flush()


@service_task("seal/hand-over", version=1, title="登记领取", category="线下盖章", effect="transaction")
def hand_over(
    document_id: Annotated[str, Param(title="文书编号")],
    call: Call,
    collected_on: Annotated[date | None, Param(title="领取日期")] = None,
    remark: Annotated[str, Param(title="备注", description="不填的保留盖章时的备注")] = "",
) -> None:
    """Note when the paper was handed over; to whom, the register says already.

    Raises BusinessRefusal with everything that is wrong, which takes the whole command back.
    """
    entry = _entry(call.session, document_id)
    if entry.stamped_on is None:
        raise EngineError(f"{entry.paper_number} 还没有登记盖章，不能登记领取。")
    _holding(call.session, entry)
    _refuse([*_about_remark(remark), *_about_collection(entry, entry.stamped_on, collected_on, local_date(call.now))])
    entry.state, entry.collected_on, entry.handed_over_by = SealState.COLLECTED.value, collected_on, call.actor
    entry.remark = remark.strip() or entry.remark
    call.session.flush()


@service_task("seal/cease", version=1, title="登记不再盖章", category="线下盖章", effect="transaction")
def cease(document_id: Annotated[str, Param(title="文书编号")], call: Call) -> None:
    """Note that the paper is not stamped or handed over any more; one that was never entered needs no note."""
    entry = entry_of(call.session, document_id)
    if entry is not None:
        entry.state, entry.ceased_on = SealState.CEASED.value, local_date(call.now)
        call.session.flush()


@service_task("seal/uncollected", version=1, title="查找未领取文书", category="线下盖章", effect="transaction")
def find_uncollected(filing_id: Annotated[str, Param(title="申报编号")], call: Call) -> list[str]:
    """The ids of the documents whose papers, about a filing's certificate, wait for the seal or to be collected."""
    certificate = call.session.scalar(select(Clearance).where(Clearance.project_id == filing_id))
    if certificate is None:
        return []
    return [entry.document_id for entry in uncollected(call.session, certificate.number)]


def _about_stamp(entry: OfflineSeal, stamped_on: date, remark: str, today: date) -> Iterator[Finding]:
    if stamped_on < entry.issue_date:
        yield error("stamped_on", "L01", Phrase("「盖章日期」不能早于签发日期 {day}", day=entry.issue_date))
    elif stamped_on > today:
        yield error("stamped_on", "L01", "「盖章日期」不能晚于今天")
    yield from _about_remark(remark)


def _about_collection(
    entry: OfflineSeal, stamped_on: date, collected_on: date | None, today: date
) -> Iterator[Finding]:
    if collected_on is None:
        yield error("collected_on", "L02", "请填写「领取日期」")
    elif collected_on < stamped_on:
        yield error("collected_on", "L02", "「领取日期」不能早于「盖章日期」")
    elif collected_on > today:
        yield error("collected_on", "L02", "「领取日期」不能晚于今天")
    person = entry.collector or {}
    name, id_type, id_no = (str(person.get(key) or "").strip() for key in ("name", "id_type", "id_no"))
    if not name:
        yield error("collector.name", "L03", "请填写「领取人姓名」")
    elif len(name) > LONGEST_NAME:
        yield error("collector.name", "L03", Phrase("「领取人姓名」不能超过{longest}个字", longest=LONGEST_NAME))
    if id_type.partition(" ")[0] not in ID_TYPES:
        yield error("collector.id_type", "L04", "请选择「证件类型」")
    elif not id_no:
        yield error("collector.id_no", "L04", "请填写「领取人身份证件」")
    elif not identity_valid(id_type, id_no):
        yield error("collector.id_no", "L04", "「领取人身份证件」号码不正确")


def _about_remark(remark: str) -> Iterator[Finding]:
    if len(remark.strip()) > LONGEST_REMARK:
        yield error("remark", "L05", Phrase("「备注」不能超过{longest}个字", longest=LONGEST_REMARK))


def _refuse(found: list[Finding]) -> None:
    if found:
        raise BusinessRefusal(found, code="seal_invalid", message="填写的内容不符合要求，没有登记。")


def _entry(session: Session, document_id: str) -> OfflineSeal:
    entry = entry_of(session, document_id)
    if entry is None:
        raise EngineError(f"线下盖章登记册中没有文书 {document_id}。")
    return entry


def _holding(session: Session, entry: OfflineSeal) -> Clearance:
    """The entry's certificate, which must not have ended: its case may not have told this one yet."""
    certificate = held(session, entry.certificate_number)
    if certificate.status == CertificateStatus.INVALID:
        message = Phrase("{held}已失效，不再盖章、领取。", held=certificate.NOUN)
        raise CommandRefused("certificate_invalid", message)
    return certificate


def _letter(session: Session, document_id: str) -> Paper:
    """The paper with which a document was granted, the only one about it that goes through the register."""
    query = select(Paper).where(Paper.document_id == document_id, Paper.kind.in_(GRANTING))
    paper = session.scalar(query)
    if paper is None:
        raise EngineError(f"文书 {document_id} 没有需要线下盖章的函件。")
    return paper
