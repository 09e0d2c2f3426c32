"""Certificate numbers and validity (domain §4.4, DMN-6a)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from records.agencies import Agency
from records.certificates import (
    Certificate,
    CertificateSerial,
    NumberExhaustedError,
    Seal,
    allocate_number,
    expiry,
    initial_seal,
    years_later,
)
from records.documents import create_draft
from records.filings import Filing
from records.formats import certificate_number_valid
from tests.records.conftest import NOW

TODAY = date(2021, 11, 15)


def issue(session: Session, agency_id: str, class_code: str, today: date = TODAY) -> str:
    """A certificate as the procedure issues it: the number last, in the transaction that inserts it."""
    filing = create_draft(session, Filing(enterprise_id="E01"), {}, actor="ent01", now=NOW)
    agency = session.get_one(Agency, agency_id)
    number = allocate_number(session, agency, class_code, today)
    session.add(
        Certificate(
            number=number,
            project_id=filing.id,
            enterprise_id="E01",
            agency_id=agency_id,
            issue_date=today,
            valid_until=expiry(today),
            seal=initial_seal(agency).value,
            snapshot={},
        )
    )
    session.flush()
    return number


def test_a_number_says_year_agency_class_level_and_the_provinces_serial(session: Session) -> None:
    assert issue(session, "A07", "3972") == "210704397230001"
    assert issue(session, "A03", "4420") == "210300442020002"
    assert issue(session, "A07", "3972") == "210704397230003"


def test_every_number_has_the_form_of_one(session: Session) -> None:
    assert certificate_number_valid(issue(session, "A10", "3484"))


def test_each_year_counts_from_one(session: Session) -> None:
    issue(session, "A07", "3972")
    assert issue(session, "A07", "3972", date(2022, 1, 4)) == "220704397230001"
    assert issue(session, "A07", "3972") == "210704397230002"


def test_a_transaction_that_rolls_back_leaves_no_gap(session: Session) -> None:
    issue(session, "A07", "3972")
    session.commit()
    issue(session, "A07", "3972")
    session.rollback()
    assert issue(session, "A07", "3972") == "210704397230002"


def test_after_9999_the_serial_begins_again_and_passes_over_taken_numbers(session: Session) -> None:
    issue(session, "A07", "3972")
    counter = session.scalars(select(CertificateSerial)).one()
    counter.last = 9999
    session.flush()
    session.expire_all()
    assert issue(session, "A07", "3985") == "210704398530001"
    assert issue(session, "A07", "3972") == "210704397230002"
    counter.last = 2 * 9999
    session.flush()
    session.expire_all()
    assert issue(session, "A07", "3972") == "210704397230003"


def test_a_year_without_a_free_number_is_refused(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.certificates.SERIALS_A_YEAR", 2)
    issue(session, "A07", "3972")
    issue(session, "A07", "3972")
    with pytest.raises(NumberExhaustedError, match="2021"):
        issue(session, "A07", "3972")


def test_officials_who_sign_at_once_get_every_number_once_and_none_is_left_out(
    own_engine: Engine,
) -> None:
    signers, each = (8, 10) if own_engine.dialect.name == "postgresql" else (1, 80)
    together = threading.Barrier(signers)
    agencies = ("A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09")

    def sign(agency_id: str) -> list[str]:
        together.wait()
        numbers = []
        for turn in range(each):
            with Session(own_engine) as session, session.begin():
                numbers.append(issue(session, agency_id, "3972"))
                if turn % 3 == 2:  # some think better of it at the last moment
                    session.rollback()
                    numbers.pop()
        return numbers

    with ThreadPoolExecutor(signers) as pool:
        issued = [number for numbers in pool.map(sign, agencies[:signers]) for number in numbers]
    with Session(own_engine) as session:
        stored = set(session.scalars(select(Certificate.number)))
    assert set(issued) == stored
    assert sorted(int(number[-4:]) for number in issued) == list(range(1, len(issued) + 1))


@pytest.mark.parametrize(
    ("issued", "until"),
    [
        (date(2021, 10, 26), date(2023, 10, 26)),
        (date(2020, 2, 29), date(2022, 2, 28)),
        (date(2022, 2, 28), date(2024, 2, 28)),
    ],
)
def test_a_certificate_is_valid_for_two_years(issued: date, until: date) -> None:
    assert expiry(issued) == until


def test_an_extension_counts_from_the_old_expiry() -> None:
    assert years_later(date(2023, 10, 26), 1) == date(2024, 10, 26)
    assert years_later(expiry(date(2020, 2, 29)), 1) == date(2023, 2, 28)


def test_no_certificate_claims_a_seal_it_has_not(session: Session) -> None:
    assert initial_seal(session.get_one(Agency, "A07")) is Seal.SEAL_PENDING
    assert initial_seal(session.get_one(Agency, "A08")) is Seal.OFFLINE_PENDING


def test_what_a_qr_code_leads_to_cannot_be_guessed(session: Session) -> None:
    numbers = [issue(session, "A07", "3972") for _ in range(2)]
    tokens = {session.get_one(Certificate, number).verify_token for number in numbers}
    assert len(tokens) == 2
    assert all(len(token) >= 24 for token in tokens)
