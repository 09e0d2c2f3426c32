"""Where the keys of agencies are kept, and which are taken."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from tasks.keyring import FolderKeyring, KeyringError, make_authority, make_key, read_pkcs12

NAME = "江门市江海区工业和信息化主管部门"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "seals"


def test_a_made_key_is_there_for_the_next_process_and_only_its_owner_reads_it(folder: Path) -> None:
    made = FolderKeyring(folder).make("A07", NAME)
    read = FolderKeyring(folder).key_of("A07")
    assert read is not None
    assert (read.subject, read.issuer, read.serial) == (NAME, made.issuer, made.serial)
    assert read.holds(datetime(2021, 7, 29, tzinfo=UTC))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == dict.fromkeys(
        ("A07.key", "A07.pem", "authority.key", "authority.pem"), 0o600
    )


def test_a_key_stays_loaded_until_another_is_put_in_its_place(folder: Path) -> None:
    keyring = FolderKeyring(folder)
    first = keyring.make("A07", NAME)
    assert keyring.key_of("A07") is keyring.key_of("A07")
    second = FolderKeyring(folder).make("A07", NAME)
    found = keyring.key_of("A07")
    assert found is not None
    assert found.serial == second.serial != first.serial


def test_an_agency_without_a_key_has_none(folder: Path) -> None:
    assert FolderKeyring(folder).key_of("A07") is None


def test_keys_are_encrypted_with_the_passphrase_and_unreadable_without_it(folder: Path) -> None:
    FolderKeyring(folder, "春眠不觉晓").make("A07", NAME)
    assert b"ENCRYPTED" in (folder / "A07.key").read_bytes()
    assert FolderKeyring(folder, "春眠不觉晓").key_of("A07") is not None
    for passphrase in (None, "夜来风雨声"):
        with pytest.raises(KeyringError, match="JIGAI_SEAL_PASSPHRASE"):
            FolderKeyring(folder, passphrase).key_of("A07")


def test_a_key_of_another_authority_comes_as_pkcs12(folder: Path) -> None:
    key = make_key(make_authority(), NAME)
    protection = serialization.BestAvailableEncryption(b"secret")
    content = pkcs12.serialize_key_and_certificates(b"seal", key.key, key.certificate, key.chain, protection)
    keyring = FolderKeyring(folder)
    keyring.keep("A07", read_pkcs12(content, "secret"))
    found = keyring.key_of("A07")
    assert found is not None
    assert (found.subject, [one.subject for one in found.chain]) == (NAME, [one.subject for one in key.chain])
    with pytest.raises(KeyringError, match="口令不正确"):
        read_pkcs12(content, "wrong")


def test_keys_of_other_kinds_and_pairs_that_do_not_fit_are_refused(folder: Path) -> None:
    keyring = FolderKeyring(folder)
    for agency_id in ("A07", "A09"):
        keyring.make(agency_id, NAME)
    (folder / "A09.pem").replace(folder / "A07.pem")
    with pytest.raises(KeyringError, match="不是一对"):
        keyring.key_of("A07")
    strange = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "A07.key").write_bytes(strange.private_bytes(*plain))
    with pytest.raises(KeyringError, match="EC P-256"):
        keyring.key_of("A07")


def test_a_file_that_is_no_pkcs12_is_refused() -> None:
    with pytest.raises(KeyringError, match="文件损坏"):
        read_pkcs12(b"nothing", None)
