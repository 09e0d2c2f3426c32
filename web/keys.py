"""`jigai seals`: the keys of the agencies' electronic seals (docs/how-to/seals.md)."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import delete, select

from records.agencies import Agency
from records.simulation import OUTAGES, SimulatedOutage
from tasks.keyring import AgencyKey, FolderKeyring, KeyringError, read_pkcs12
from web.database import db
from web.installation import ready
from web.runtime import runtime
from web.settings import Settings


@click.group()
def seals() -> None:
    """The keys of the agencies' electronic seals, in the folder of JIGAI_SEALS."""


@seals.command("list")
def list_seals() -> None:
    """Every agency that has a key or should have one."""
    keyring, missing = Settings.from_environment().keyring, 0
    with ready().app_context():
        for agency in db.session.scalars(select(Agency).order_by(Agency.id)):
            try:
                key = keyring.key_of(agency.id)
            except KeyringError as error:
                raise click.ClickException(str(error)) from error
            if key is not None:
                told = f"{key.subject}  until {key.valid_until:%Y-%m-%d}  by {key.issuer}  {key.serial}"
                click.echo(f"{agency.id:<8} {told}{'' if agency.e_seal else '  (not in use)'}")
            elif agency.e_seal:
                missing += 1
                click.echo(f"{agency.id:<8} {agency.name}  no key: its papers are stamped by hand", err=True)
    sys.exit(1 if missing else 0)


@seals.command("make")
@click.argument("agency_id")
def make_seal(agency_id: str) -> None:
    """A new key under this installation's own authority, for demonstrations; it takes the place of the old one."""
    with ready().app_context():
        _keep_seal(agency_id, lambda keyring, agency: keyring.make(agency.id, agency.name))


@seals.command("import")
@click.argument("agency_id")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_seal(agency_id: str, file: Path) -> None:
    """Take the key and certificates of a PKCS#12 FILE; its passphrase is asked for, or JIGAI_PKCS12_PASSPHRASE."""
    passphrase = os.environ.get("JIGAI_PKCS12_PASSPHRASE")
    if passphrase is None:
        passphrase = click.prompt("passphrase", hide_input=True, default="", show_default=False)
    with ready().app_context():
        _keep_seal(
            agency_id, lambda keyring, agency: keyring.keep(agency.id, read_pkcs12(file.read_bytes(), passphrase))
        )


def _keep_seal(agency_id: str, keep: Callable[[FolderKeyring, Agency], AgencyKey]) -> None:
    with runtime().engine.command(db.session()) as command:
        agency = command.session.get(Agency, agency_id)
        if agency is None:
            raise click.BadParameter(f"there is no agency {agency_id}")
        try:
            key = keep(runtime().settings.keyring, agency)
        except KeyringError as error:
            raise click.ClickException(str(error)) from error
        agency.e_seal = True
    click.echo(f"{agency_id}: {key.subject}, until {key.valid_until:%Y-%m-%d}, by {key.issuer}")


@seals.command("authority")
def show_authority() -> None:
    """The certificate of this installation's own authority, as readers of PDFs import it, to trust its seals."""
    authority = Settings.from_environment().keyring.authority()
    click.echo(authority.certificate.public_bytes(Encoding.PEM).decode("ascii"), nl=False)


@seals.command("outage")
@click.argument("kind", type=click.Choice([*OUTAGES["licences"], "over"]))
def simulate_outage(kind: str) -> None:
    """Let the simulated 电子证照系统 be down, or refuse every paper, until it is over. Demo only."""
    with ready().app_context(), runtime().engine.command(db.session()) as command:
        if not runtime().settings.demo:
            raise click.UsageError("only the demo's 电子证照系统 is simulated")
        command.session.execute(delete(SimulatedOutage))
        if kind != "over":
            command.session.add(SimulatedOutage(system="licences", kind=kind))
