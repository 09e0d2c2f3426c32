"""The service tasks of a filing on a real database: what each leaves behind, and what repeating it does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
import structlog
from lxml import etree
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from engine.errors import BusinessRefusal, CommandRefused, EngineError
from engine.services import Call, Decide, Registry
from engine.tables import Base
from records import encryption
from records.announcements import announcements
from records.certificates import Certificate, CertificatePaper, CertificateStatus
from records.documents import DocumentStatus, create_draft
from records.filings import Filing
from records.notices import notices
from records.papers import Paper, papers_of
from records.sample import load_sample
from records.sms import SmsState, outbox
from tasks.adapters import Adapters, adapters, configure, simulated
from tasks.certificates import allocate, publish
from tasks.documents import write_status
from tasks.filings.schema import FilingForm
from tasks.filings.submission import check, validate
from tasks.notices import post_notice
from tasks.papers.issuing import issue
from tasks.papers.rendering import official, render_certificate
from tasks.papers.rendering import render_paper as print_paper
from tasks.platform import sample_projects
from tasks.sms.delivery import deliver, queue_sms
from tests import servers
from tests.tasks.conftest import ROOT

SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
SAMPLE = ROOT / "data" / "sample.json"
NOW = datetime(2021, 11, 15, 2, 30, tzinfo=UTC)


KEY = bytes(range(32))


def prepare(url: str) -> None:
    encryption.configure_key(KEY)
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        load_sample(session, json.loads(SAMPLE.read_text(encoding="utf-8")), "demo-2021")
    engine.dispose()


@pytest.fixture
def session(sqlite_databases: servers.Databases, sample: dict[str, Any]) -> Iterator[Session]:
    """The sample's people on a database of the test's own, the platform that knows the sample's codes."""
    encryption.configure_key(KEY)
    before = adapters()
    configure(Adapters(platform=simulated(sample_projects(sample)), site_url="https://jigai.example", specimen=True))
    with sqlite_databases.for_one_test() as new_database:
        engine = create_engine(new_database(prepare))
        with Session(engine) as session:
            yield session
        engine.dispose()
    configure(before)


@dataclass
class Case:
    """Stands where the engine does: makes the calls of one case and remembers the jobs they ask for."""

    session: Session
    decide: Decide
    jobs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def call(self, element: str) -> Call:
        return Call(
            session=self.session,
            instance_id="case-1",
            business_key="filing-1",
            element_id=element,
            idempotency_key=f"case-1:{element}",
            actor="ent01",
            now=NOW,
            log=structlog.get_logger(),
            decide=self.decide,
            enqueue=lambda service_id, **params: self.jobs.append((service_id, params)),
            keep=lambda write: write(self.session),
        )


@pytest.fixture
def case(session: Session, decide: Decide) -> Case:
    return Case(session, decide)


@pytest.fixture
def filing(session: Session, form: dict[str, Any]) -> Filing:
    """A draft of a good form, as the enterprise sends it."""
    return create_draft(session, Filing(enterprise_id="E01"), FilingForm().load(form), actor="ent01", now=NOW)


@pytest.fixture
def issued(case: Case, filing: Filing) -> Filing:
    validate(filing.id, case.call("validate"))
    allocate(filing.id, case.call("allocate_number"))
    return filing


def test_submitting_keeps_a_version_with_editions_and_computed_fields(case: Case, filing: Filing) -> None:
    submitted = validate(filing.id, case.call("validate"))
    assert (submitted.agency, submitted.enterprise) == ("A07", "E01")
    assert submitted.planned_start == date(2021, 12, 20)
    assert submitted.planned_completion == date(2022, 12, 31)
    (version,) = filing.versions
    assert version.form["catalogue_edition"] == "2019年本"
    assert version.form["negative_list_edition"] == "2020年版"
    assert (version.form["class_name"], version.form["section"]) == ("半导体分立器件制造", "C")
    assert version.form["money"]["fixed_assets"] == "700"


def test_name_and_place_are_overwritten_by_the_platform_s(case: Case, filing: Filing) -> None:
    filing.form = {**filing.form, "project_name": "另一个名字", "location": ""}
    validate(filing.id, case.call("validate"))
    assert filing.project_name == filing.form["project_name"] == "半导体分立器件测试分选线技术改造项目"
    assert filing.form["location"] == "江门市江海区外海街道示例路1号"


def test_a_bad_form_is_refused_with_every_code_and_nothing_is_kept(case: Case, filing: Filing) -> None:
    filing.form = {**filing.form, "commitment": False, "planned_start": "2021-11-01", "class_code": "9999"}
    with pytest.raises(BusinessRefusal) as refused:
        validate(filing.id, case.call("validate"))
    assert [finding.code for finding in refused.value.errors] == ["V11", "V15", "V18"]
    assert filing.versions == []


def test_a_code_the_platform_refuses_stands_alone_at_its_field(case: Case, filing: Filing) -> None:
    filing.form = {
        **filing.form,
        "project_code": "2110-440605-04-02-018183",
        "project_name": "",
        "location": "",
    }
    examination = check(case.session, filing, now=NOW, decide=case.decide)
    assert [(finding.code, finding.field) for finding in examination.errors] == [("P02", "project_code")]


def test_checking_changes_nothing(case: Case, filing: Filing) -> None:
    before = dict(filing.form)
    assert check(case.session, filing, now=NOW, decide=case.decide).errors == []
    assert (filing.form, filing.versions, filing.submission) == (before, [], 0)


def test_v07_another_live_filing_has_the_code(case: Case, filing: Filing, form: dict[str, Any]) -> None:
    other = create_draft(case.session, Filing(enterprise_id="E01"), FilingForm().load(form), actor="ent01", now=NOW)
    other.status = DocumentStatus.ACCEPTED
    case.session.flush()
    with pytest.raises(BusinessRefusal) as refused:
        validate(filing.id, case.call("validate"))
    assert [finding.code for finding in refused.value.errors] == ["V07"]


def test_the_status_is_the_one_the_diagram_names(case: Case, filing: Filing) -> None:
    write_status("filing", filing.id, "ACCEPTED", case.call("mark_accepted"))
    assert filing.status == DocumentStatus.ACCEPTED
    with pytest.raises(EngineError, match="没有事项类型「letter」"):
        write_status("letter", filing.id, "ACCEPTED", case.call("mark_accepted"))


def test_a_certificate_is_numbered_by_agency_class_level_and_serial(case: Case, filing: Filing) -> None:
    validate(filing.id, case.call("validate"))
    allocated = allocate(filing.id, case.call("allocate_number"))
    assert allocated.number == "210704397230001"
    assert (allocated.issue_date, allocated.valid_until) == (date(2021, 11, 15), date(2023, 11, 15))
    assert allocated.e_seal is True
    assert filing.certificate_number == allocated.number
    certificate = case.session.get_one(Certificate, allocated.number)
    assert certificate.status == CertificateStatus.VALID


def test_allocating_again_finds_the_same_certificate(case: Case, issued: Filing) -> None:
    again = allocate(issued.id, case.call("allocate_number"))
    assert again.number == issued.certificate_number


def test_a_paper_is_made_once_and_from_the_snapshot(case: Case, issued: Filing) -> None:
    number = issued.certificate_number
    assert number is not None
    issued.enterprise.name = "改名以后的公司"
    made = render_certificate(number, case.call("render_certificate"))
    case.session.flush()
    stored = case.session.get_one(CertificatePaper, number)
    assert hashlib.sha256(stored.pdf).hexdigest() == stored.sha256 == made.sha256
    assert made.size == len(stored.pdf)
    case.session.expire_all()
    assert render_certificate(number, case.call("render_certificate")) == made


def test_the_public_line_names_nobody(case: Case, issued: Filing) -> None:
    assert issued.certificate_number is not None
    publish("备案公开", issued.certificate_number, case.call("publish"))
    (line, *_) = announcements(case.session, "备案公开")
    assert line.certificate_number == issued.certificate_number
    assert line.project_name == issued.project_name
    assert "黄例甲" not in line.title + line.body


@pytest.mark.parametrize(
    ("event", "title"),
    [
        ("issued", "“半导体分立器件测试分选线技术改造项目”已备案"),
        ("not_accepted", "“半导体分立器件测试分选线技术改造项目”备案申报不予受理"),
    ],
)
def test_the_enterprise_gets_a_notice(case: Case, issued: Filing, event: str, title: str) -> None:
    post_notice(event, "filing", issued.id, "enterprise", case.call("post"))
    (notice,) = notices(case.session, {"enterprise:E01"}, read=False)
    assert (notice.title, notice.document_id) == (title, issued.id)
    assert "{" not in notice.body


def test_a_role_of_the_agency_can_get_a_notice_too(case: Case, issued: Filing) -> None:
    post_notice("issued", "filing", issued.id, "handler", case.call("post"))
    assert len(notices(case.session, {"agency:A07:handler"}, read=False)) == 1


@pytest.mark.parametrize(
    ("template", "mobile", "end"),
    [
        ("S01", "19400000106", "备案申报，请在11月18日前办结。"),
        ("S02", "19400000021", "备案申报已退回修改，请登录系统查看补正意见并重新提交。"),
        ("S04", "19400000021", "已备案，证号210704397230001，可登录系统下载电子备案证。"),
    ],
)
def test_a_message_is_queued_once_and_delivered_by_a_job(
    case: Case, issued: Filing, template: str, mobile: str, end: str
) -> None:
    for _ in range(2):
        queue_sms(template, "filing", issued.id, case.call("notify"), day=date(2021, 11, 18))
    (message,) = outbox(case.session)
    assert (message.mobile, message.state) == (mobile, SmsState.QUEUED)
    assert message.text.endswith(f"“半导体分立器件测试分选线技术…”{end}")
    assert case.jobs[0] == ("sms/deliver", {"sms_id": message.id})
    for _ in range(2):
        deliver(message.id, case.call("deliver"))
    assert (message.state, message.sent_at, message.attempts) == (SmsState.SENT, NOW, 1)


def test_every_service_that_the_diagrams_name_is_declared_with_their_parameters() -> None:
    registry = Registry.installed()
    for path in (ROOT / "processes").glob("*.bpmn"):
        for operator in etree.parse(path).iter(f"{{{SPIFF}}}serviceTaskOperator"):
            service = registry.get(operator.attrib["id"])
            assert service is not None, operator.attrib["id"]
            named = {parameter.attrib["id"] for parameter in operator.iter(f"{{{SPIFF}}}parameter")}
            assert named <= {parameter.name for parameter in service.parameters}
            assert named >= {parameter.name for parameter in service.parameters if parameter.required}


REFUSED = {"reason": "项目已经开工。"}


def test_a_paper_is_issued_once_for_a_submission_and_printed_once(case: Case, filing: Filing) -> None:
    validate(filing.id, case.call("validate"))
    first = issue("not_accepted_notice", "filing", filing.id, case.call("issue"), REFUSED)
    again = issue("not_accepted_notice", "filing", filing.id, case.call("issue"), {"reason": "另一个理由。"})
    assert first == again
    assert first.number == f"{filing.number}-不1"
    made = print_paper(first.paper_id, case.call("print"))
    assert print_paper(first.paper_id, case.call("print")) == made
    paper = case.session.get_one(Paper, first.paper_id)
    assert paper.pdf is not None
    assert made.sha256 == paper.sha256 == hashlib.sha256(paper.pdf).hexdigest()
    assert official(paper).agency_name == "江门市江海区工业和信息化主管部门"


def test_a_paper_about_a_later_submission_is_another_one(case: Case, filing: Filing) -> None:
    validate(filing.id, case.call("validate"))
    fields = {"items": ["请补充设备清单。"], "due_on": date(2021, 11, 30)}
    issue("correction_notice", "filing", filing.id, case.call("issue"), fields)
    filing.submission += 1
    issue("correction_notice", "filing", filing.id, case.call("issue"), fields)
    assert [paper.number for paper in papers_of(case.session, filing.id)] == [
        f"{filing.number}-补1",
        f"{filing.number}-补2",
    ]


def test_a_reply_has_the_number_that_its_authority_gave_it_and_nobody_else_has(case: Case, filing: Filing) -> None:
    validate(filing.id, case.call("validate"))
    fields = {"number": "江工信技改核〔2021〕1号", "valid_until": date(2023, 11, 15)}
    reply = issue("approval_reply", "filing", filing.id, case.call("issue"), fields)
    assert reply.number == "江工信技改核〔2021〕1号"
    with pytest.raises(EngineError, match="文号 江工信技改核〔2021〕1号 已用于另一份文书"):
        issue("refusal_decision", "filing", filing.id, case.call("issue"), {**fields, **REFUSED})


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("receipt", {}, "没有文书类型「receipt」，现有：change_letter、"),
        ("change_letter", {}, "变更函由它自己的服务出具"),
        ("refusal_decision", REFUSED, "出具不予核准决定书缺少文号"),
        ("approval_reply", {"number": "1号"}, "出具核准批复缺少 valid_until"),
        ("not_accepted_notice", {}, "出具不予受理通知书缺少 reason"),
    ],
)
def test_a_paper_that_cannot_be_issued_says_why(
    case: Case, filing: Filing, kind: str, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(EngineError, match=said):
        issue(kind, "filing", filing.id, case.call("issue"), fields)


def test_a_character_without_a_glyph_is_refused_before_the_paper_has_a_number(case: Case, filing: Filing) -> None:
    with pytest.raises(CommandRefused, match=r"不予受理通知书字体缺少字符「🏭」"):
        issue("not_accepted_notice", "filing", filing.id, case.call("issue"), {"reason": "已开工🏭"})
    assert papers_of(case.session, filing.id) == []
