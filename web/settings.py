"""Settings, all from the environment. `docs/reference/settings.md` is this table for people.

Without any, everything lives under `var/` beside the code: an SQLite database, the keys, the attachments.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from engine.leases import LEASE
from tasks.sms.gateway import GatewaySettings

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
    sms: GatewaySettings = field(default_factory=GatewaySettings)
    sms_daily_limit: int = 50
    sms_receipt_token: str = ""
    lease: timedelta = LEASE
    secure_cookies: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, *, demo: bool = False) -> "Settings":
        """The settings in force. Keys that are not given are made once and kept under `var/`."""
        given = os.environ if environment is None else environment
        var = Path(given.get("JIGAI_VAR", ROOT / "var")).resolve()
        return cls(
            database_url=database_url(given.get("DATABASE_URL") or f"sqlite:///{var / 'jigai.db'}"),
            broker_url=given.get("BROKER_URL", "memory://"),
            var=var,
            secret_key=_key(given.get("JIGAI_SECRET_KEY"), var / "secret.key"),
            data_key=_key(given.get("JIGAI_DATA_KEY"), var / "data.key"),
            site_url=given.get("JIGAI_SITE_URL", cls.site_url).rstrip("/"),
            demo=demo or given.get("JIGAI_DEMO") == "1" or (var / "demo").exists(),
            sms=_gateway(given),
            sms_daily_limit=int(given.get("JIGAI_SMS_DAILY_LIMIT", cls.sms_daily_limit)),
            sms_receipt_token=given.get("JIGAI_SMS_RECEIPT_TOKEN", ""),
            lease=timedelta(seconds=float(given.get("JIGAI_LEASE_SECONDS", LEASE.total_seconds()))),
            secure_cookies=given.get("JIGAI_SECURE_COOKIES") == "1",
        )

    @property
    def embedded(self) -> bool:
        """Whether this process carries out its own jobs."""
        return self.broker_url.startswith("memory")


def database_url(text: str) -> str:
    """A database's address with the driver that is installed: PostgreSQL is spoken to by psycopg 3."""
    for scheme in ("postgres://", "postgresql://"):
        if text.startswith(scheme):
            return "postgresql+psycopg://" + text.removeprefix(scheme)
    return text


def _gateway(given: Mapping[str, str]) -> GatewaySettings:
    """How short messages are sent. Raises ValueError for a file of templates that is none."""
    file = given.get("JIGAI_SMS_TEMPLATES")
    templates = json.loads(Path(file).read_text(encoding="utf-8")) if file else {}
    if not isinstance(templates, dict) or not all(isinstance(code, str) for code in templates.values()):
        raise ValueError(f'JIGAI_SMS_TEMPLATES: {file} should be a JSON object such as {{"S01": "SMS_100000001"}}')
    return GatewaySettings(
        name=given.get("JIGAI_SMS_GATEWAY", "outbox"),
        url=given.get("JIGAI_SMS_URL", ""),
        key_id=given.get("JIGAI_SMS_KEY_ID", ""),
        secret=given.get("JIGAI_SMS_SECRET", ""),
        app_id=given.get("JIGAI_SMS_APP_ID", ""),
        templates=templates,
        timeout=float(given.get("JIGAI_SMS_TIMEOUT", 10)),
    )


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
