"""Settings, all from the environment. `docs/reference/settings.md` is this table for people.

Without any, everything lives under `var/` beside the code: an SQLite database, the keys, the attachments.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from engine.leases import LEASE

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """What an installation is told from outside."""

    database_url: str
    broker_url: str
    var: Path
    secret_key: bytes
    data_key: bytes
    site_url: str = "http://127.0.0.1:8000"
    demo: bool = False
    sms_gateway: str = "outbox"
    lease: timedelta = LEASE
    secure_cookies: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, *, demo: bool = False) -> "Settings":
        """The settings in force. Keys that are not given are made once and kept under `var/`."""
        given = os.environ if environment is None else environment
        var, database = places(given)
        return cls(
            database_url=database,
            broker_url=given.get("BROKER_URL", "memory://"),
            var=var,
            secret_key=_key(given.get("JIGAI_SECRET_KEY"), var / "secret.key"),
            data_key=_key(given.get("JIGAI_DATA_KEY"), var / "data.key"),
            site_url=given.get("JIGAI_SITE_URL", cls.site_url).rstrip("/"),
            demo=demo or given.get("JIGAI_DEMO") == "1" or (var / "demo").exists(),
            sms_gateway=given.get("JIGAI_SMS_GATEWAY", cls.sms_gateway),
            lease=timedelta(seconds=float(given.get("JIGAI_LEASE_SECONDS", LEASE.total_seconds()))),
            secure_cookies=given.get("JIGAI_SECURE_COOKIES") == "1",
        )

    @property
    def embedded(self) -> bool:
        """Whether this process carries out its own jobs."""
        return self.broker_url.startswith("memory")


def places(given: Mapping[str, str]) -> tuple[Path, str]:
    """Where an installation's files lie, and its database's address."""
    var = Path(given.get("JIGAI_VAR", ROOT / "var")).resolve()
    return var, database_url(given.get("DATABASE_URL") or f"sqlite:///{var / 'jigai.db'}")


def database_url(text: str) -> str:
    """A database's address with the driver that is installed: PostgreSQL is spoken to by psycopg 3."""
    for scheme in ("postgres://", "postgresql://"):
        if text.startswith(scheme):
            return "postgresql+psycopg://" + text.removeprefix(scheme)
    return text


def _key(given: str | None, file: Path) -> bytes:
    """32 bytes: as given in hexadecimal, or made once and kept where only the owner can read them."""
    if given:
        key = bytes.fromhex(given)
        if len(key) != 32:
            raise ValueError("a key is 32 bytes, written as 64 hexadecimal digits")
        return key
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(secrets.token_hex(32))
    return bytes.fromhex(file.read_text().strip())
