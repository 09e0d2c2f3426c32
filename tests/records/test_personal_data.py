"""Masks on pages (R95), encryption at rest."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from records import encryption
from records.enterprises import Enterprise
from records.masking import mask_id, mask_name, mask_person, mask_phone, name_for
from records.users import user_by_username


def test_masks_leave_what_the_deck_leaves() -> None:
    assert mask_name("星烁球") == "****球"
    assert mask_name("安") == "****"
    assert mask_id("11010519491231T01") == "*****1T01"
    assert mask_id("1234") == "*****"
    assert mask_phone("13800136322") == "138****6322"
    assert mask_phone("0750-3126322") == "***6322"


def test_a_masked_person_keeps_the_type_of_document() -> None:
    person = {"name": "陈示甲", "id_type": "111 居民身份证", "id_no": "11010519491231002X", "phone": None}
    assert mask_person(person) == {
        "name": "****甲",
        "id_type": "111 居民身份证",
        "id_no": "*****002X",
        "phone": None,
    }
    assert mask_person(None) == {}


def test_who_acts_for_an_enterprise_is_named_to_its_own_people_alone(session: Session) -> None:
    users = {name: user_by_username(session, name) for name in ("ent01", "ent02", "gx10", "admin", "auditor")}
    ours, theirs, official, admin, auditor = users.values()
    assert ours is not None
    assert official is not None
    assert name_for(ours, ours) == "黄例甲"
    for reader in (theirs, official, admin, auditor, None):
        assert name_for(ours, reader) == "****甲"
        assert name_for(official, reader) == "李经办"
    ours.enterprise_id = None  # waits for its enterprise to be found
    assert name_for(ours, official) == "****甲"
    assert name_for(ours, ours) == "黄例甲"


def test_people_are_unreadable_in_the_table_and_readable_in_the_model(session: Session) -> None:
    raw = session.execute(text("SELECT legal_rep, contact FROM enterprise WHERE id = 'E01'")).one()
    assert not any("陈示甲" in column or "449901" in column or "黄例甲" in column for column in raw)
    enterprise = session.get_one(Enterprise, "E01")
    assert enterprise.legal_rep["name"] == "陈示甲"
    assert enterprise.contact["mobile"] == "19400000021"


def test_no_name_or_number_of_a_person_stands_readable_in_any_table(engine: Engine) -> None:
    with engine.connect() as connection:
        for table in ("enterprise", "user", "agency"):
            rows = connection.execute(text(f'SELECT * FROM "{table}"')).all()
            assert not any("1940000" in str(column) or "449901" in str(column) for row in rows for column in row)


def test_one_text_never_looks_the_same_twice_and_is_read_back() -> None:
    assert encryption.encrypt("李经办") != encryption.encrypt("李经办")
    assert encryption.decrypt(encryption.encrypt("李经办")) == "李经办"


@pytest.fixture
def other_key() -> Iterator[None]:
    yield
    encryption.configure_key(bytes(range(32)))


@pytest.mark.usefixtures("other_key")
def test_another_key_says_that_it_is_the_wrong_one() -> None:
    stored = encryption.encrypt("李经办")
    encryption.configure_key(bytes(32))
    with pytest.raises(encryption.DecryptionError, match="another key"):
        encryption.decrypt(stored)


@pytest.mark.parametrize("stored", ["李经办", "", "1.", "1.AAAA", "1.不"])
def test_what_was_never_encrypted_is_refused(stored: str) -> None:
    with pytest.raises(encryption.DecryptionError):
        encryption.decrypt(stored)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        encryption.configure_key(b"short")
