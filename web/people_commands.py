"""`jigai user` and `jigai token`: accounts, passwords and tokens, by whoever has the machine's command line.

Each act stands in the record of acts without an actor.
"""

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.tables import new_id
from records.admin_acts import Act, note
from records.agencies import Agency
from records.assignment import ENTERPRISE_ROLE
from records.enterprises import Enterprise
from records.masking import name_for
from records.passwords import first_password, set_password
from records.roles import AdminRole, OfficialRole, are_of_official, is_administrator
from records.tokens import LIFETIMES, LONGEST_NAME, TokenScope
from records.users import User, UserKind, UserRole, user_by_username
from tasks import accounts
from web.database import db
from web.installation import ready
from web.runtime import runtime


@click.group()
def user() -> None:
    """Users."""


@user.command("list")
def list_users() -> None:
    """Every user."""
    with ready().app_context():
        for found in db.session.scalars(select(User).order_by(User.username)):
            click.echo(f"{found.username:<12} {found.kind:<10} {found.name}  {' '.join(sorted(found.role_names))}")


@user.command("create")
@click.argument("username")
@click.option("--name", required=True, help="As colleagues know them.")
@click.option("--agency", help="Id of the agency an official works for.")
@click.option("--enterprise", help="Id of the enterprise a user files for.")
@click.option("--role", "roles", multiple=True, help="handler, reviewer …; may be given several times.")
def create_user(username: str, name: str, agency: str | None, enterprise: str | None, roles: tuple[str, ...]) -> None:
    """Add a user and print a first password. With neither agency nor enterprise: an administrator, whose role is one of
    admin (unless another is given), security and auditor. Nobody has to confirm it."""
    if agency and enterprise:
        raise click.UsageError("a user belongs to an agency or to an enterprise, not to both")
    kind = UserKind.AUTHORITY if agency else UserKind.ENTERPRISE if enterprise else UserKind.ADMIN
    if kind == UserKind.ENTERPRISE:
        roles = (ENTERPRISE_ROLE,)
    elif kind == UserKind.ADMIN:
        roles = roles or (AdminRole.SYSTEM.value,)
        if not is_administrator(roles):
            raise click.UsageError(f"an administrator has one of the roles {', '.join(AdminRole)}")
    elif not are_of_official(roles):
        raise click.UsageError(f"an official has at least one of the roles {', '.join(OfficialRole)}")
    password = first_password()
    with ready().app_context(), runtime().engine.command(db.session()) as command:
        for table, id in ((Agency, agency), (Enterprise, enterprise)):
            if id is not None and command.session.get(table, id) is None:
                raise click.BadParameter(f"there is no {table.__tablename__} {id}")
        if user_by_username(command.session, username) is not None:
            raise click.BadParameter(f"there is a user {username} already")
        new = User(
            id=new_id(), username=username, name=name, kind=kind.value, agency_id=agency, enterprise_id=enterprise
        )
        new.roles = [UserRole(role=role) for role in sorted(set(roles))]
        command.session.add(new)
        set_password(command.session, new, password, temporary=True)
        command.session.flush()
        told = {"kind": kind.value, "agency": agency, "enterprise": enterprise, "roles": sorted(new.role_names)}
        subject = f"{name_for(new, None)}（{username}）"
        note(command.session, Act.STAFF_CREATED, subject, actor=None, now=command.now, after=told)
    click.echo(password)


@user.command("password")
@click.argument("username")
def renew_password(username: str) -> None:
    """Give a user a new first password, and print it: what was the password before opens nothing any more."""
    with ready().app_context(), runtime().engine.command(db.session()) as command:
        password = accounts.renew_password(command, _known(command.session, username))
    click.echo(password)


@user.command("unlock")
@click.argument("username")
def unlock_user(username: str) -> None:
    """Let a user log in again whom wrong passwords have locked out."""
    with ready().app_context(), runtime().engine.command(db.session()) as command:
        accounts.open_locked(command, _known(command.session, username))


@click.group()
def token() -> None:
    """Personal tokens for the REST interface."""


@token.command("create")
@click.argument("username")
@click.option("--name", default="jigai token create", help="What the token is for, as its owner reads it.")
@click.option("--scope", type=click.Choice([scope.value for scope in TokenScope]), default=TokenScope.WRITE.value)
@click.option("--days", type=click.Choice(LIFETIMES), default=max(LIFETIMES), show_default=True, help="Its life.")
def create_token(username: str, name: str, scope: str, days: int) -> None:
    """Print a new token of a user, and nothing else. It ends when the user's password changes."""
    with ready().app_context(), runtime().engine.command(db.session()) as command:
        found = _known(command.session, username)
        if found.must_change_password:
            raise click.UsageError(f"{username} has to choose a password before a token is good for anything")
        text = accounts.issue(command, found, name[:LONGEST_NAME], TokenScope(scope), days)
    click.echo(text)


def _known(session: Session, username: str) -> User:
    found = user_by_username(session, username)
    if found is None:
        raise click.BadParameter(f"there is no user {username}")
    return found
