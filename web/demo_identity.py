"""The demo's 省统一身份认证平台: `demo_identity.mjs`, a real OpenID provider beside the product.

Its issuer is always the same, so that what is bound stays bound; where it listens, only its metadata says.
"""

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from web.demo import sample
from web.settings import ROOT, IdentityPlatform

ISSUER = "https://tyrz.demo.example"
PROVIDER = Path(__file__).with_suffix(".mjs")
RETURN_PATH = "/login/identity/return"

_OTHERS: tuple[dict[str, Any], ...] = (
    {"sub": "tyrz-0201", "level": 2, "name": "林例二", "note": "级别不够，不能登录"},
    {"sub": "tyrz-0301", "level": 3, "name": "林例三", "note": "级别不够，不能登录"},
    {"sub": "tyrz-0401", "level": 4, "name": "林例四", "note": "个人账号，没有关联企业"},
    {
        "sub": "tyrz-0501",
        "level": 5,
        "name": "林例五",
        "phone_number": "19400000501",
        "uscc": "91440606MAXXX00913",
        "enterprise_name": "佛山市顺德新程模具有限公司",
        "note": "企业第一次登录，自动建立账号",
    },
)


def accounts() -> list[dict[str, Any]]:
    """Who has an account there: the sample's enterprises, and people who show what the log-in says to others."""
    enterprises = {item["id"]: item for item in sample()["enterprises"]}
    found = []
    for user in sample()["users"]:
        if user.get("oauth"):
            enterprise = enterprises[user["enterprise"]]
            found.append(
                {
                    "sub": user["oauth"]["subject"],
                    "level": user["oauth"]["level"],
                    "name": user["name"],
                    "phone_number": user["mobile"],
                    "uscc": enterprise["uscc"],
                    "enterprise_name": enterprise["name"],
                }
            )
    return [*found, *_OTHERS]


def _node() -> str | None:
    """The Node.js that the set-up put beside this Python, or the system's; None where the provider's package lacks."""
    beside = Path(sys.executable).with_name("node")
    if not (ROOT / "node_modules" / "oidc-provider").is_dir():
        return None
    return str(beside) if beside.exists() else shutil.which("node")


@contextmanager
def running(site_url: str) -> Iterator[IdentityPlatform | None]:
    """Run the provider on a free port of this machine, for the site at `site_url`; None where there is no Node.js
    with its packages.

    It ends at the end, and by itself when this process is gone: its standard input closes.
    """
    program = _node()
    if program is None:
        yield None
        return
    client = {"id": "jigai", "secret": secrets.token_urlsafe(32), "redirect_uri": site_url + RETURN_PATH}
    told = json.dumps({"issuer": ISSUER, "client": client, "accounts": accounts()})
    process = subprocess.Popen(  # noqa: S603 - our own program, with nothing from outside
        [program, str(PROVIDER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    told_to, hears_from = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
    try:
        told_to.write(told + "\n")
        told_to.flush()
        address = hears_from.readline().strip()
        if not address:
            raise RuntimeError(f"{PROVIDER.name} ended with status {process.wait()} before it was ready")
        yield IdentityPlatform(
            issuer=ISSUER,
            client_id=client["id"],
            client_secret=client["secret"],
            metadata_url=f"{address}/.well-known/openid-configuration",
        )
    finally:
        told_to.close()
        hears_from.close()
        process.wait()
