"""Settings, all from the environment. `docs/reference/settings.md` is this table for people.

Without any, everything lives under `var/` beside the code: an SQLite database, the keys, the attachments.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from engine.leases import LEASE
from tasks.keyring import FolderKeyring
from tasks.sms.gateway import GatewaySettings

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class IdentityPlatform:
    """省统一身份认证平台, an OpenID provider. The claims are those of its ID token or its userinfo."""

    issuer: str
    client_id: str
    client_secret: str
    metadata_url: str
    scope: str = "openid"
    level_claim: str = "level"
    uscc_claim: str = "uscc"
    enterprise_claim: str = "enterprise_name"

    @classmethod
    def from_environment(cls, given: Mapping[str, str]) -> "IdentityPlatform | None":
        """None where no issuer is named. Raises ValueError where the client is not told."""
        issuer = given.get("JIGAI_OIDC_ISSUER", "").rstrip("/")
        if not issuer:
            return None
        if not (given.get("JIGAI_OIDC_CLIENT_ID") and given.get("JIGAI_OIDC_CLIENT_SECRET")):
            raise ValueError("JIGAI_OIDC_ISSUER needs JIGAI_OIDC_CLIENT_ID and JIGAI_OIDC_CLIENT_SECRET beside it")
        return cls(
            issuer=issuer,
            client_id=given["JIGAI_OIDC_CLIENT_ID"],
            client_secret=given["JIGAI_OIDC_CLIENT_SECRET"],
            metadata_url=given.get("JIGAI_OIDC_METADATA_URL") or f"{issuer}/.well-known/openid-configuration",
            scope=given.get("JIGAI_OIDC_SCOPE", cls.scope),
            level_claim=given.get("JIGAI_OIDC_LEVEL_CLAIM", cls.level_claim),
            uscc_claim=given.get("JIGAI_OIDC_USCC_CLAIM", cls.uscc_claim),
            enterprise_claim=given.get("JIGAI_OIDC_ENTERPRISE_CLAIM", cls.enterprise_claim),
        )


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
    seals: Path | None = None
    seal_passphrase: str | None = field(default=None, repr=False)
    licences: str = "simulated"
    licences_token: str | None = field(default=None, repr=False)
    lease: timedelta = LEASE
    secure_cookies: bool = False
    trusted_proxy: str | None = None
    """The address of the proxy whose word on who asks, and by which scheme, is taken."""
    identity_platform: IdentityPlatform | None = None
    password_login_until: date | None = None
    """The last day on which enterprises may log in by password; None: they always may."""

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
            sms=_gateway(given),
            sms_daily_limit=int(given.get("JIGAI_SMS_DAILY_LIMIT", cls.sms_daily_limit)),
            sms_receipt_token=given.get("JIGAI_SMS_RECEIPT_TOKEN", ""),
            seals=Path(given["JIGAI_SEALS"]).resolve() if given.get("JIGAI_SEALS") else None,
            seal_passphrase=given.get("JIGAI_SEAL_PASSPHRASE") or None,
            licences=given.get("JIGAI_LICENCES", cls.licences),
            licences_token=given.get("JIGAI_LICENCES_TOKEN") or None,
            lease=timedelta(seconds=float(given.get("JIGAI_LEASE_SECONDS", LEASE.total_seconds()))),
            secure_cookies=given.get("JIGAI_SECURE_COOKIES") == "1",
            trusted_proxy=given.get("JIGAI_TRUSTED_PROXY") or None,
            identity_platform=IdentityPlatform.from_environment(given),
            password_login_until=_day(given, "JIGAI_PASSWORD_LOGIN_UNTIL"),
        )

    @property
    def keyring(self) -> FolderKeyring:
        """The agencies' keys."""
        return FolderKeyring(self.seals or self.var / "seals", self.seal_passphrase)

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


def _day(given: Mapping[str, str], name: str) -> date | None:
    text = given.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"{name}: a day is written as 2027-12-31, not {text!r}") from None


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
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(secrets.token_hex(32))
    return bytes.fromhex(file.read_text().strip())
