"""The enterprise's document: drafts, when it may be edited, versions, live project codes."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from engine.errors import CommandRefused
from records.attachments import Attachment
from records.certificates import Certificate, CertificateStatus, Seal
from records.documents import (
    EDITABLE,
    DocumentStatus,
    create_draft,
    delete_draft,
    differences,
    record_submission,
    save_draft,
)
from records.filings import Filing
from records.projects import compute, live_project_with_code
from records.sample import draft_forms
from tests.records.conftest import NOW


@pytest.fixture
def form(sample: dict[str, Any]) -> dict[str, Any]:
    return draft_forms(sample, date(2021, 11, 15))[0].form


@pytest.fixture
def filing(session: Session, form: dict[str, Any]) -> Filing:
    return create_draft(session, Filing(enterprise_id="E01"), form, actor="ent01", now=NOW)


def test_a_draft_keeps_the_form_and_puts_the_personal_contact_apart(session: Session, filing: Filing) -> None:
    session.commit()
    assert "project_contact" not in filing.form
    assert filing.project_contact == {"name": "黄例甲", "mobile": "19400000021"}
    assert filing.full_form["project_contact"] == filing.project_contact
    stored = session.execute(text("SELECT form, project_contact FROM document")).one()
    assert not any("19400000021" in str(column) for column in stored)
    assert (filing.status, filing.revision, filing.submission, filing.agency_id) == ("DRAFT", 1, 0, "A07")


def test_filings_are_numbered_by_the_day_in_china(session: Session) -> None:
    evening_in_utc = NOW.replace(hour=17)
    numbers = [
        create_draft(session, Filing(enterprise_id="E01"), {}, actor="ent01", now=now).number
        for now in (NOW, NOW, evening_in_utc)
    ]
    assert numbers == ["SB20211115-0001", "SB20211115-0002", "SB20211116-0001"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"agency": "A99", "project_code": 7, "money": None, "project_contact": "黄例甲"},
        {"agency": ["A07"], "money": {"civil": "一百"}, "project_code": "x" * 500},
    ],
)
def test_a_draft_is_kept_whatever_it_holds(session: Session, form: dict[str, Any]) -> None:
    filing = create_draft(session, Filing(enterprise_id="E01"), form, actor="ent01", now=NOW)
    session.commit()
    assert filing.agency_id is None
    assert filing.form.get("project_code") == form.get("project_code")


def test_fixed_assets_are_worked_out_whatever_the_client_says() -> None:
    form = {"money": {"civil": "50.5", "equipment": "649.5", "fixed_assets": "1"}}
    assert compute(form)["money"]["fixed_assets"] == "700"
    assert compute({"money": {"civil": "50", "equipment": "?", "fixed_assets": "1"}})["money"]["fixed_assets"] is None
    assert form["money"]["fixed_assets"] == "1"


@pytest.mark.parametrize("status", DocumentStatus)
def test_a_filing_is_editable_as_draft_returned_and_withdrawn_only(
    session: Session, filing: Filing, status: DocumentStatus
) -> None:
    filing.status = status
    if status in EDITABLE:
        save_draft(session, filing, {}, expected_revision=1, actor="ent01", now=NOW)
        assert filing.revision == 2
    else:
        with pytest.raises(CommandRefused, match="不能修改") as refusal:
            save_draft(session, filing, {}, expected_revision=1, actor="ent01", now=NOW)
        assert refusal.value.status == 409
        assert filing.project_name == "半导体分立器件测试分选线技术改造项目"


def test_saving_a_withdrawn_filing_makes_it_a_draft_and_a_returned_one_stays_returned(
    session: Session, filing: Filing
) -> None:
    filing.status = DocumentStatus.WITHDRAWN
    assert save_draft(session, filing, {}, actor="ent01", now=NOW).status == "DRAFT"
    filing.status = DocumentStatus.RETURNED
    assert save_draft(session, filing, {}, actor="ent01", now=NOW).status == "RETURNED"


def test_a_save_that_saw_an_older_revision_is_refused_and_changes_nothing(
    session: Session, filing: Filing, form: dict[str, Any]
) -> None:
    save_draft(session, filing, form, expected_revision=1, actor="ent01", now=NOW)
    with pytest.raises(CommandRefused, match="不是最新内容") as refusal:
        save_draft(session, filing, {}, expected_revision=1, actor="ent01", now=NOW)
    assert (refusal.value.status, refusal.value.details) == (409, {"revision": 2})
    assert filing.form["project_name"] == form["project_name"]


def test_of_two_saves_at_once_one_wins_and_the_other_is_told(own_engine: Engine) -> None:
    with Session(own_engine) as session, session.begin():
        filing_id = create_draft(session, Filing(enterprise_id="E01"), {}, actor="ent01", now=NOW).id
    together = threading.Barrier(2)

    def save(name: str) -> str:
        with Session(own_engine) as session:
            filing = session.get_one(Filing, filing_id)
            if own_engine.dialect.name == "postgresql":  # on SQLite the second waits before it reads
                together.wait()
            try:
                save_draft(session, filing, {"project_name": name}, expected_revision=1, actor="ent01", now=NOW)
            except CommandRefused as refusal:
                return refusal.code
            session.commit()
            return "saved"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(save, ("甲", "乙")))
    assert outcomes == ["saved", "stale_revision"]


def test_a_misspelt_status_is_refused(filing: Filing) -> None:
    with pytest.raises(ValueError, match="SUBMITED"):
        filing.status = "SUBMITED"


def test_each_submission_is_kept_as_it_was(session: Session, filing: Filing, form: dict[str, Any]) -> None:
    record_submission(session, filing, [{"code": "V21"}], actor="ent01", now=NOW)
    save_draft(session, filing, {**form, "location": "别处"}, actor="ent01", now=NOW)
    record_submission(session, filing, [], actor="ent01", now=NOW + timedelta(days=1))
    session.commit()
    first, second = filing.versions
    assert (first.submission, second.submission, filing.submission) == (1, 2, 2)
    assert first.form["location"] == form["location"]
    assert first.findings == [{"code": "V21"}]
    assert first.enterprise["uscc"] == "91440704MAXXX0015F"
    assert first.personal["enterprise"]["legal_rep"]["name"] == "陈示甲"
    assert filing.submitted_at == NOW + timedelta(days=1)
    assert differences(first.form, second.form) == [("location", form["location"], "别处")]


def test_differences_name_fields_inside_with_dots_and_show_what_came_and_went() -> None:
    old = {"project_name": "甲", "money": {"total": "1", "civil": "1"}, "nature": "改建"}
    new = {"project_name": "甲", "money": {"total": "2", "civil": "1"}, "location": "乙"}
    assert differences(old, new) == [
        ("money.total", "1", "2"),
        ("location", None, "乙"),
        ("nature", "改建", None),
    ]
    assert differences(new, new) == []


LIVE = {"SUBMITTED", "RETURNED", "ACCEPTED", "REVIEWED", "ISSUED"}


@pytest.mark.parametrize("status", DocumentStatus)
def test_a_project_code_is_taken_by_a_filing_in_progress_or_issued(
    session: Session, filing: Filing, status: DocumentStatus
) -> None:
    filing.status = status
    session.flush()
    found = live_project_with_code(session, "2110-440704-04-02-017173")
    assert (found is filing) is (status in LIVE)
    assert live_project_with_code(session, "2110-440704-04-02-017173", except_id=filing.id) is None


@pytest.mark.parametrize("status", CertificateStatus)
def test_the_code_of_an_invalid_certificate_is_free_again(
    session: Session, filing: Filing, status: CertificateStatus
) -> None:
    filing.status = DocumentStatus.ISSUED
    session.add(
        Certificate(
            number="210704397230001",
            project_id=filing.id,
            enterprise_id="E01",
            agency_id="A07",
            status=status.value,
            issue_date=date(2021, 11, 15),
            seal=Seal.SEAL_PENDING.value,
            snapshot={},
        )
    )
    session.flush()
    taken = live_project_with_code(session, "2110-440704-04-02-017173") is not None
    assert taken is (status != CertificateStatus.INVALID)


def test_of_two_submissions_of_one_code_at_once_the_second_sees_the_first(
    own_engine: Engine, form: dict[str, Any]
) -> None:
    with Session(own_engine) as session, session.begin():
        ids = [create_draft(session, Filing(enterprise_id="E01"), form, actor="ent01", now=NOW).id for _ in range(2)]

    def submit(filing_id: str) -> bool:
        with Session(own_engine) as session, session.begin():
            filing = session.get_one(Filing, filing_id)
            if live_project_with_code(session, form["project_code"], except_id=filing_id):
                return False
            filing.status = DocumentStatus.SUBMITTED
            return True

    with ThreadPoolExecutor(2) as pool:
        submitted = list(pool.map(submit, ids))
    assert sorted(submitted) == [False, True]


def test_a_draft_that_was_never_submitted_can_be_deleted_with_its_attachments(session: Session, filing: Filing) -> None:
    session.add(
        Attachment(
            document_id=filing.id,
            name="营业执照.pdf",
            size=1,
            sha256="0" * 64,
            content_type="application/pdf",
            stored_name="abc",
            uploaded_at=NOW,
            uploaded_by="ent01",
        )
    )
    session.flush()
    assert delete_draft(session, filing) == ["abc"]
    session.commit()
    assert session.scalars(select(Filing)).all() == []
    assert session.scalars(select(Attachment)).all() == []


@pytest.mark.parametrize("status", ["SUBMITTED", "RETURNED", "WITHDRAWN", "ISSUED"])
def test_what_was_submitted_is_never_deleted(session: Session, filing: Filing, status: str) -> None:
    record_submission(session, filing, [], actor="ent01", now=NOW)
    filing.status = status
    with pytest.raises(CommandRefused, match="不能删除"):
        delete_draft(session, filing)


def test_a_withdrawn_filing_saved_as_draft_still_keeps_its_record(session: Session, filing: Filing) -> None:
    record_submission(session, filing, [], actor="ent01", now=NOW)
    filing.status = DocumentStatus.WITHDRAWN
    save_draft(session, filing, {}, actor="ent01", now=NOW)
    with pytest.raises(CommandRefused, match="不能删除"):
        delete_draft(session, filing)
