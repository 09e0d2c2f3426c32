"""The keys with which agencies seal, each with its certificate, and the demonstration's own authority for them.

A key is EC P-256. In a folder it is a pair of files that only their owner can read, `A07.key` and `A07.pem` (the
certificate, then what vouches for it); a key stays loaded once it was used. Keys of a real authority come as PKCS#12.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.keys.internal import translate_pyca_cryptography_cert_to_asn1
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

AUTHORITY = "jigai演示签章证书颁发机构"
YEARS = 5
"""How long a certificate of the demonstration's authority holds; the authority's own twice as long."""

_AUTHORITY_FILE = "authority"


class KeyringError(Exception):
    """A key or certificate that cannot be used. The message is Chinese and says what to do."""


class LoadedSigner(Signer):
    """pyHanko's signer with a key that stays loaded."""

    def __init__(
        self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, chain: Sequence[x509.Certificate]
    ):
        registry = SimpleCertificateStore.from_certs([translate_pyca_cryptography_cert_to_asn1(one) for one in chain])
        super().__init__(
            signing_cert=translate_pyca_cryptography_cert_to_asn1(certificate),
            cert_registry=registry,
            embed_roots=False,
        )
        self._key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return self._key.sign(data, ec.ECDSA(_HASHES[digest_algorithm]))


_HASHES = {"sha256": hashes.SHA256()}


@dataclass(frozen=True)
class AgencyKey:
    """An agency's key, its certificate and `chain`, the certificates that vouch for it up to a root."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def subject(self) -> str:
        """Whose seal it is, as the certificate has it."""
        return common_name(self.certificate.subject)

    @property
    def issuer(self) -> str:
        """Who vouches for that."""
        return common_name(self.certificate.issuer)

    @property
    def serial(self) -> str:
        """The certificate's serial number, hexadecimal."""
        return f"{self.certificate.serial_number:x}"

    @property
    def valid_until(self) -> datetime:
        """When the certificate ends."""
        return self.certificate.not_valid_after_utc

    def holds(self, at: datetime) -> bool:
        """Whether the certificate holds at a time."""
        return self.certificate.not_valid_before_utc <= at <= self.valid_until

    @cached_property
    def signer(self) -> LoadedSigner:
        """What pyHanko signs with."""
        return LoadedSigner(self.key, self.certificate, self.chain)


class Keyring(Protocol):
    """Where the keys of agencies are."""

    def key_of(self, agency_id: str, agency_name: str) -> AgencyKey | None:
        """An agency's key, or None where it has none. Raises KeyringError for one that cannot be read."""
        ...


class MadeOnDemand:
    """A keyring in memory that has a key for whoever asks, as tests and scenarios need."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, AgencyKey] = {}

    @cached_property
    def authority(self) -> AgencyKey:
        return make_authority()

    def key_of(self, agency_id: str, agency_name: str) -> AgencyKey | None:
        with self._lock:
            if agency_id not in self._keys:
                self._keys[agency_id] = make_key(self.authority, agency_name)
            return self._keys[agency_id]


@dataclass(frozen=True)
class OutOfReach:
    """A keyring that is no use: it has `no_key` of anybody, or cannot be read."""

    no_key: bool

    def key_of(self, agency_id: str, agency_name: str) -> AgencyKey | None:
        if self.no_key:
            return None
        raise KeyringError("签章密钥无法读取（模拟故障）。")


class FolderKeyring:
    """The keys in a folder. Where `passphrase` is given, keys are written and read encrypted with it."""

    def __init__(self, folder: Path, passphrase: str | None = None) -> None:
        self.folder = folder
        self._passphrase = passphrase.encode() if passphrase else None
        self._lock = threading.Lock()
        self._loaded: dict[str, tuple[int, AgencyKey]] = {}

    def key_of(self, agency_id: str, agency_name: str = "") -> AgencyKey | None:
        file = self._file(agency_id, "pem")
        try:
            written = file.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        with self._lock:
            known = self._loaded.get(agency_id)
            if known is None or known[0] != written:
                known = self._loaded[agency_id] = written, self._read(agency_id)
            return known[1]

    def agencies(self) -> list[str]:
        """The ids of those that have a key."""
        return sorted(file.stem for file in self.folder.glob("*.pem") if file.stem != _AUTHORITY_FILE)

    def make(self, agency_id: str, agency_name: str) -> AgencyKey:
        """A new key for an agency, certified by the demonstration's own authority, which is made with the first."""
        return self.keep(agency_id, make_key(self.authority(), agency_name))

    def authority(self) -> AgencyKey:
        """The demonstration's own authority, made when it is first asked for."""
        return self.key_of(_AUTHORITY_FILE) or self.keep(_AUTHORITY_FILE, make_authority())

    def keep(self, agency_id: str, key: AgencyKey) -> AgencyKey:
        """Write a key and its certificates in place of what the agency had."""
        protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if self._passphrase is not None:
            protection = serialization.BestAvailableEncryption(self._passphrase)
        pem = serialization.Encoding.PEM
        secret = key.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, protection)
        public = b"".join(certificate.public_bytes(pem) for certificate in (key.certificate, *key.chain))
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for kind, content in (("key", secret), ("pem", public)):
            _write_privately(self._file(agency_id, kind), content)
        return key

    def _read(self, agency_id: str) -> AgencyKey:
        file = self._file(agency_id, "key")
        try:
            key = serialization.load_pem_private_key(file.read_bytes(), self._passphrase)
            certificate, *chain = x509.load_pem_x509_certificates(self._file(agency_id, "pem").read_bytes())
        except (OSError, TypeError, ValueError) as error:
            raise KeyringError(f"签章密钥 {file.name} 无法读取，请检查文件和口令 JIGAI_SEAL_PASSPHRASE。") from error
        return _fitting(key, certificate, chain)

    def _file(self, agency_id: str, kind: str) -> Path:
        return self.folder / f"{agency_id}.{kind}"


def read_pkcs12(content: bytes, passphrase: str | None) -> AgencyKey:
    """The key and certificates of a PKCS#12 file. Raises KeyringError where they cannot be read or used."""
    try:
        key, certificate, chain = pkcs12.load_key_and_certificates(content, passphrase.encode() if passphrase else None)
    except ValueError as error:
        raise KeyringError("PKCS#12 文件无法读取：文件损坏，或者口令不正确。") from error
    if certificate is None:
        raise KeyringError("PKCS#12 文件中没有证书。")
    return _fitting(key, certificate, chain)


def make_authority() -> AgencyKey:
    """A certificate authority that vouches for itself, for demonstrations and tests only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(AUTHORITY)
    usage = _usage(key_cert_sign=True, crl_sign=True)
    built = _certificate(name, name, key.public_key(), 2 * YEARS).add_extension(usage, critical=True)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return AgencyKey(key, built.sign(key, hashes.SHA256()))


def make_key(authority: AgencyKey, agency_name: str) -> AgencyKey:
    """A key of an agency with the authority's certificate: for documents only, and what nobody can deny."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = _usage(digital_signature=True, content_commitment=True)
    built = _certificate(_name(agency_name), authority.certificate.subject, key.public_key(), YEARS)
    built = built.add_extension(usage, critical=True)
    built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    vouching = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    built = built.add_extension(vouching, critical=False)
    return AgencyKey(key, built.sign(authority.key, hashes.SHA256()), (authority.certificate, *authority.chain))


def common_name(name: x509.Name) -> str:
    """What a certificate's subject or issuer is called."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def _fitting(key: object, certificate: x509.Certificate, chain: Sequence[x509.Certificate]) -> AgencyKey:
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyringError("签章密钥应为 EC P-256（prime256v1）密钥。")
    if certificate.public_key() != key.public_key():
        raise KeyringError("签章证书与密钥不是一对。")
    return AgencyKey(key, certificate, tuple(chain))


def _certificate(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, years: int
) -> x509.CertificateBuilder:
    # The demonstration's projects live from 2021 on: their papers are sealed with the times of those days.
    begins = datetime(2020, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(datetime.now(UTC) + timedelta(days=365 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(text: str) -> x509.Name:
    country, common = x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, text)
    return x509.Name([country, common])


def _usage(**asked: bool) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: asked.get(name, False) for name in every})


def _write_privately(file: Path, content: bytes) -> None:
    """Put a file that only its owner can read in place of what is there, all at once."""
    begun = file.with_suffix(f"{file.suffix}.new")
    descriptor = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as written:
        written.write(content)
    begun.replace(file)
