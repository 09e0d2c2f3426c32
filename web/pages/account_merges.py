"""账号合并: the enterprise's request, without log-in; and the page where an administrator finds accounts, opens locked
ones, gives first passwords, unbinds provincial accounts and merges (R67–R69), and another closes and opens them."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import or_, select

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused
from records.account_merges import AccountMerge, MergeState, belongings_of, open_merges
from records.certificates import Certificate
from records.enterprises import Enterprise
from records.identities import Identity, ending_of, identities_of, key_of
from records.masking import mask_phone
from records.passwords import is_locked
from records.roles import AdminRole
from records.users import User, UserKind, accounts_of, user_by_username
from tasks import accounts as merging
from tasks import staff
from web.database import db
from web.identity import me, require
from web.limits import ASK_FOR_MERGE, limiter
from web.pages import accounts, commands, lists, people, wording
from web.pages.administration import posted
from web.runtime import command, runtime
from web.texts import gettext as _
from web.texts import sentences, told

blueprint = Blueprint("account", __name__, url_prefix="/accounts")

LONGEST_REASON = AccountMerge.reason.type.length
_MOST_FOUND = 20


# The enterprise, without log-in


@accounts.blueprint.route("/login/merge", methods=["GET", "POST"])
@limiter.limit(ASK_FOR_MERGE, methods=["POST"])
def ask_for_merge() -> Any:
    """账号合并申请. What is refused is shown again as it was typed."""
    if request.method == "GET":
        return _request_page({})
    try:
        with command(None) as given:
            asked = merging.request(given, _typed("enterprise_name"), _typed("mobile")).id
    except BusinessRefusal as refusal:
        return _request_page(commands.beside_fields(refusal)), refusal.status
    return redirect(url_for("auth.merge_request", request_id=asked), 303)


@accounts.blueprint.get("/login/merge/<request_id>")
def merge_request(request_id: str) -> str:
    """How a request stands, for whoever has its address: the id cannot be guessed, and nobody is named."""
    asked = _request(request_id)
    return render_template(
        "auth/merge_state.html",
        enterprise=asked.enterprise_name,
        state=asked.state,
        requested=wording.moment(asked.requested_at),
        decided=wording.moment(asked.decided_at),
        reason=asked.reason,
    )


def _request_page(errors: dict[str, str]) -> str:
    typed = {name: _typed(name) for name in ("enterprise_name", "mobile")}
    longest = merging.LONGEST_NAME
    return render_template("auth/merge_request.html", typed=typed, errors=errors, longest_name=longest)


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()


# The administrator


@blueprint.get("")
@require(AdminRole.SYSTEM, AdminRole.SECURITY)
def page() -> str:
    """账号合并: what waits, and the accounts that were searched for."""
    return _page()


@blueprint.post("/<username>/unlock")
@require(AdminRole.SECURITY)
def open_account(username: str) -> Any:
    """Let somebody log in again whom wrong passwords have locked out."""
    with command(me().username) as given:
        user = _user(username)
        merging.open_locked(given, user)
        name = people.shown_name(user)
    flash(_("%(name)s的账号已解除锁定。", name=name), "success")
    return redirect(url_for("account.page", q=username), 303)


@blueprint.post("/<username>/password")
@require(AdminRole.SYSTEM)
def renew_password(username: str) -> Any:
    """A first password, shown once, which its user has to change."""
    with command(me().username) as given:
        password = merging.renew_password(given, _user(username))
    return _page({"username": username, "password": password}), 201


@blueprint.post("/<username>/unbind")
@require(AdminRole.SYSTEM)
def unbind(username: str) -> Any:
    """解除绑定: a provincial account opens this one no more."""

    def give(given: Command) -> dict[str, Any]:
        merging.unbind(given, _user(username), _typed("identity"))
        return {"message": _("账号 %(name)s 的省统一身份账号已解除绑定。", name=username)}

    return _done(username, give)


@blueprint.post("/<username>/close")
@require(AdminRole.SECURITY)
def close(username: str) -> Any:
    """停用 at once, an enterprise's account like an official's."""

    def give(given: Command) -> dict[str, Any]:
        staff.close(given, _user(username), _typed("reason"))
        return {"message": _("账号 %(name)s 已停用，登录和访问令牌都已失效。", name=username)}

    return _done(username, give)


@blueprint.post("/<username>/open")
@require(AdminRole.SECURITY)
def open_closed(username: str) -> Any:
    """启用 a closed account."""

    def give(given: Command) -> dict[str, Any]:
        staff.open_again(given, _user(username))
        return {"message": _("账号 %(name)s 已启用。", name=username)}

    return _done(username, give)


@blueprint.post("/merges")
@require(AdminRole.SYSTEM)
def begin_merge() -> Any:
    """Merge an enterprise's accounts without its having asked: the administrator asks for it."""

    def give(given: Command) -> dict[str, Any]:
        enterprise = given.session.get(Enterprise, _typed("enterprise"))
        if enterprise is None:
            raise CommandRefused("enterprise_unknown", _("没有这家企业。"), status=404)
        return {"id": merging.request(given, enterprise.name, enterprise.contact.get("mobile", "")).id}

    return redirect(url_for("account.merge", request_id=commands.give(give)["id"]), 303)


@blueprint.get("/merges/<request_id>")
@require(AdminRole.SYSTEM)
def merge(request_id: str) -> str:
    """One request: the accounts it may be about, and what each has."""
    return _merge_page(_request(request_id))


@blueprint.post("/merges/<request_id>")
@require(AdminRole.SYSTEM)
def decide_merge(request_id: str) -> Any:
    """合并账号 or 不予合并. A refusal shows the page again."""

    def give(given: Command) -> dict[str, Any]:
        asked = _request(request_id)
        if _typed("decision") == "refuse":
            merging.refuse(given, asked, _typed("reason")[:LONGEST_REASON])
            return {"message": _("已登记不予合并。")}
        keep = user_by_username(given.session, _typed("keep"))
        if keep is None:
            raise CommandRefused("keep_missing", _("没有选择保留的账号。"), status=422)
        merging.merge(given, asked, keep)
        return {"message": _("账号已合并为 %(name)s，已通知企业。", name=keep.username)}

    try:
        flash(commands.give(give)["message"], "success")
    except CommandRefused as refusal:
        if refusal.status not in (403, 409, 422):
            raise
        errors = refusal.errors if isinstance(refusal, BusinessRefusal) else ()
        said = sentences(*(error.message for error in errors)) or told(refusal.message)
        return _merge_page(_request(request_id), said), refusal.status
    return redirect(url_for("account.merge", request_id=request_id), 303)


def _done(username: str, give: Callable[[Command], dict[str, Any]]) -> Any:
    """Carry out what is posted about an account, and show the account with what came of it."""
    answer, refusal = posted(give)
    if refusal is not None:
        flash(commands.refused(refusal), "error")
    else:
        flash(answer["message"], "success")
    return redirect(url_for("account.page", q=username), 303)


def _page(issued: dict[str, str] | None = None) -> str:
    text, mobile = lists.searched(), request.args.get("mobile", "").strip()[:20]
    users = _found(text, mobile)
    return render_template(
        "office/accounts.html",
        query=text,
        mobile=mobile,
        issued=issued,
        searched=bool(text or mobile),
        requests=[
            {
                "url": url_for("account.merge", request_id=asked.id),
                "enterprise": asked.enterprise_name,
                "requested": wording.moment(asked.requested_at),
            }
            for asked in (open_merges(db.session()) if me().admin_role == AdminRole.SYSTEM else ())
        ],
        groups=_groups(users, mobile),
        longest_reason=staff.LONGEST_REASON,
        command_id=commands.fresh(),
    )


def _found(text: str, mobile: str) -> list[User]:
    """Accounts by the name of their enterprise or their own, and by the contact's mobile. A mobile is encrypted: to
    find one, those that the name leaves are all looked at."""
    if not (text or mobile):
        return []
    query = select(User).outerjoin(Enterprise, Enterprise.id == User.enterprise_id).order_by(User.username)
    if text:
        query = query.where(lists.containing(text, User.username, User.name, Enterprise.name))
    found = (user for user in db.session.scalars(query) if not mobile or mobile in _mobiles(user))
    return [user for user, _nth in zip(found, range(_MOST_FOUND), strict=False)]


def _mobiles(user: User) -> set[str]:
    """The account's number and that of its enterprise's contact."""
    enterprise = db.session.get(Enterprise, user.enterprise_id) if user.enterprise_id else None
    return {user.mobile or "", enterprise.contact.get("mobile", "") if enterprise else ""} - {""}


def _groups(users: list[User], mobile: str) -> list[dict[str, Any]]:
    """The accounts that were found, those of an enterprise together with its others."""
    groups: dict[str, dict[str, Any]] = {}
    for user in users:
        key = user.enterprise_id or user.username
        if key in groups:
            continue
        members = [user]
        if user.enterprise_id is not None:
            theirs = select(User).where(User.enterprise_id == user.enterprise_id).order_by(User.username)
            members = list(db.session.scalars(theirs))
        groups[key] = {
            "name": people.place_of(db.session(), user) or people.roles_of(user),
            "enterprise": user.enterprise_id,
            "mergeable": me().admin_role == AdminRole.SYSTEM
            and user.enterprise_id is not None
            and len(accounts_of(db.session(), user.enterprise_id)) > 1,
            "accounts": [_account(member, mobile) for member in members],
        }
    return list(groups.values())


def _account(user: User, mobile: str) -> dict[str, Any]:
    kept = db.session.get(User, user.merged_into) if user.merged_into else None
    arranges, guards = me().admin_role == AdminRole.SYSTEM, me().admin_role == AdminRole.SECURITY
    return {
        "username": user.username,
        "name": people.shown_name(user),
        "mobile": mask_phone(user.mobile) if user.mobile else "",
        "matches": bool(mobile) and mobile in _mobiles(user),
        "active": user.active,
        "merged_into": kept.username if kept is not None else "",
        "locked": is_locked(user, runtime().engine.clock.now()),
        "identities": [_bound(found) for found in identities_of(db.session(), user)],
        "unbind_url": url_for("account.unbind", username=user.username) if arranges else None,
        "unlock_url": url_for("account.open_account", username=user.username) if guards else None,
        "close_url": url_for("account.close", username=user.username)
        if guards and user.active and user.id != me().id
        else None,
        "open_url": url_for("account.open_closed", username=user.username)
        if guards and not user.active and kept is None
        else None,
        "password_url": url_for("account.renew_password", username=user.username)
        if arranges and user.active and user.kind != UserKind.ADMIN
        else None,
    }


def _bound(identity: Identity) -> dict[str, str]:
    return {"key": key_of(identity), "ending": ending_of(identity), "bound": wording.day(identity.bound_at)}


def _merge_page(asked: AccountMerge, error: str = "") -> str:
    session = db.session()
    open_still = asked.state == MergeState.OPEN
    return render_template(
        "office/account_merge.html",
        asked={
            "enterprise": asked.enterprise_name,
            "mobile": mask_phone(asked.mobile),
            "requested": wording.moment(asked.requested_at),
            "decided": wording.moment(asked.decided_at),
            "decided_by": people.name_of(session, asked.decided_by) if asked.decided_by else "",
            "state": asked.state,
            "reason": asked.reason,
            "kept": asked.kept.username if asked.kept is not None else "",
        },
        candidates=[_candidate(enterprise, asked.mobile) for enterprise in _candidates(asked)] if open_still else [],
        kept=_typed("keep"),
        typed_reason=_typed("reason"),
        error=error,
        longest_reason=LONGEST_REASON,
        search_url=url_for("account.page"),
        post_url=url_for("account.decide_merge", request_id=asked.id),
        command_id=commands.fresh(),
    )


def _candidates(asked: AccountMerge) -> list[Enterprise]:
    """The enterprises that a request may be about: named so, or like it."""
    name = asked.enterprise_name
    like = or_(Enterprise.name == name, lists.containing(name, Enterprise.name))
    query = select(Enterprise).where(like).order_by(Enterprise.name != name, Enterprise.name).limit(_MOST_FOUND)
    return list(db.session.scalars(query))


def _candidate(enterprise: Enterprise, mobile: str) -> dict[str, Any]:
    session, found = db.session(), accounts_of(db.session(), enterprise.id)
    certificates = select(Certificate.number).where(Certificate.enterprise_id == enterprise.id)
    return {
        "name": enterprise.name,
        "uscc": enterprise.uscc,
        "contact_matches": enterprise.contact.get("mobile") == mobile,
        "certificates": len(session.scalars(certificates).all()),
        "mergeable": len(found) > 1,
        "accounts": [_account(account, mobile) | {"has": vars(belongings_of(session, account))} for account in found],
    }


def _request(request_id: str) -> AccountMerge:
    asked = db.session.get(AccountMerge, request_id)
    if asked is None:
        message = _("没有这份合并申请。")
        raise CommandRefused("merge_unknown", message, status=404, remedy=_("请核对地址，或重新申请。"))
    return asked


def _user(username: str) -> User:
    user = user_by_username(db.session(), username)
    if user is None:
        raise CommandRefused("user_unknown", _("没有账号 %(name)s。", name=username), status=404)
    return user
