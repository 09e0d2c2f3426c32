"""Column types that are encrypted at rest, for names, identity numbers and phones of people (R95).

AES-256-GCM with a fresh nonce a value: equal values look different, so an encrypted column can be neither
searched nor sorted. The key is handed over once, by whoever composes the application.
"""

import base64
import binascii
import hmac
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Dialect, Text, TypeDecorator

KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = "1."  # of the format, so that a later one can be told apart

_cipher: AESGCM | None = None
_prints: bytes | None = None


class EncryptionError(Exception):
    """Personal data cannot be read or written."""


class KeyMissingError(EncryptionError):
    """No key was configured: call `configure_key` before the first personal data."""


class DecryptionError(EncryptionError):
    """The stored text was written with another key, or was altered."""


def configure_key(key: bytes) -> None:
    """Use these 32 bytes from now on. Raises ValueError on any other length."""
    global _cipher, _prints
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key of personal data has {KEY_BYTES} bytes, not {len(key)}")
    _cipher = AESGCM(key)
    _prints = hmac.digest(key, b"fingerprints", "sha256")


def encrypt(text: str) -> str:
    """The text as ASCII letters that only `decrypt` with the same key turns back. Raises KeyMissingError."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = _configured().encrypt(nonce, text.encode(), _VERSION.encode())
    return _VERSION + base64.b64encode(nonce + sealed).decode("ascii")


def decrypt(stored: str) -> str:
    """The text that was encrypted. Raises KeyMissingError, DecryptionError."""
    cipher = _configured()
    if not stored.startswith(_VERSION):
        raise DecryptionError("the stored value is not encrypted in a known format")
    try:
        raw = base64.b64decode(stored[len(_VERSION) :], validate=True)
        return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _VERSION.encode()).decode()
    except (InvalidTag, binascii.Error, ValueError) as failure:
        raise DecryptionError("the stored value was written with another key, or was altered") from failure


def fingerprint(text: str) -> str:
    """What equal texts have in common and nobody can tell a text from who has not the key: to count and to find by.
    Raises KeyMissingError."""
    _configured()
    return hmac.digest(_prints or b"", text.encode(), "sha256").hex()


def _configured() -> AESGCM:
    if _cipher is None:
        raise KeyMissingError("no key for personal data was configured: call configure_key first")
    return _cipher


class EncryptedText(TypeDecorator[str]):
    """A text that is encrypted at rest. None stays NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else encrypt(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else decrypt(value)


class EncryptedJson(TypeDecorator[Any]):
    """A JSON value that is encrypted at rest. Assign a new value: changes inside are not noticed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else encrypt(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(decrypt(value))
