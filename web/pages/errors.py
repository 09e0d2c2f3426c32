"""A failed request as a page: what failed, what is safe, what to do, and the number to report."""

from typing import Any

from flask import redirect, render_template, request, url_for

from engine.errors import CommandRefused
from web.identity import user_or_none
from web.texts import gettext as _
from web.texts import told


def show(error: Exception, status: int, number: str | None = None) -> Any:
    """The answer of a page to an error. Whoever is not logged in is sent there, and back afterwards."""
    expired = isinstance(error, CommandRefused) and error.code == "page_expired"
    if user_or_none() is None and (status == 401 or (expired and request.endpoint != "auth.login")):
        return session_ended()
    if isinstance(error, CommandRefused) and error.code == "password_to_change":
        return redirect(
            url_for("auth.password", next=request.full_path.rstrip("?") if request.method == "GET" else None)
        )
    title, failed, safe, todo = _words(status)
    if expired:
        title = _("页面已过期")
    if isinstance(error, CommandRefused):
        failed, todo = told(error.message), told(error.remedy) or todo
    page = render_template(
        "errors/error.html",
        status=status,
        title=title,
        failed=failed,
        safe=safe,
        todo=todo,
        reference=number or "",
        kept=request.form.get("opinion", "") if request.method == "POST" else "",
        actions=_actions(),
    )
    return page, status


def session_ended() -> Any:
    """To the log-in page. What was typed into a form is shown first, so that it can be copied."""
    kept = request.form.get("opinion", "") if request.method == "POST" else ""
    came_from = request.full_path.rstrip("?") if request.method == "GET" else _form_page()
    log_in = url_for("auth.login", next=came_from, expired=1 if request.method == "POST" else None)
    if not kept:
        return redirect(log_in)
    page = render_template(
        "errors/error.html",
        status="expired",
        title=_("登录已过期"),
        failed=_("提交没有生效，因为登录已过期。"),
        safe=_("已保存的内容没有丢失，你填写的意见在下面，可以复制。"),
        todo=_("请重新登录，回到刚才的页面再提交。"),
        reference="",
        kept=kept,
        actions=[{"label": _("重新登录"), "url": log_in, "primary": True}],
    )
    return page, 401


def _form_page() -> str | None:
    """The page whose form was posted."""
    referrer = request.referrer or ""
    return referrer.removeprefix(request.host_url.rstrip("/")) if referrer.startswith(request.host_url) else None


def _actions() -> list[dict[str, Any]]:
    actions = [{"label": _("返回首页"), "url": url_for("public.home"), "primary": True}]
    if request.method == "POST" and (page := _form_page()):
        actions.insert(0, {"label": _("返回刚才的页面"), "url": page, "primary": True})
        actions[1]["primary"] = False
    return actions


def _words(status: int) -> tuple[str, str, str, str]:
    """Title, what failed, what is safe, what to do."""
    saved = _("已保存的内容没有丢失。")
    known = {
        400: (_("请求不完整"), _("提交的内容不完整，没有处理。"), saved, _("请返回上一页刷新后重试。")),
        401: (_("请先登录"), _("登录后才能查看这个页面。"), "", _("请登录。")),
        403: (_("没有权限"), _("你没有查看或办理这项内容的权限。"), "", _("请换用有权限的账号，或联系管理员。")),
        404: (_("没有找到这个页面"), _("地址有误，或者它不归你办理。"), "", _("请从菜单重新进入。")),
        405: (_("不能这样打开"), _("这个地址只接收表单提交。"), saved, _("请从菜单重新进入。")),
        409: (_("没有办理成功"), _("当前状态不允许这项操作。"), saved, _("请刷新后查看最新情况。")),
        413: (_("文件太大"), _("上传的文件超过 20 MB，没有上传。"), saved, _("请压缩或拆分后重新上传。")),
        415: (_("不支持这种文件"), _("上传的文件格式不在接收范围。"), saved, _("请换用 PDF、图片或 Office 文件。")),
        422: (_("内容有误"), _("提交的内容不符合要求，没有保存。"), saved, _("请按提示修改后重新提交。")),
        429: (_("操作太频繁"), _("短时间内尝试次数过多，已暂停。"), "", _("请一分钟后再试。")),
        502: (_("没有完成登录"), _("省统一身份认证平台没有正常答复。"), "", _("请稍后重新登录。")),
        503: (_("暂时不可用"), _("系统暂时连接不上，本次操作没有生效。"), saved, _("请稍后重试。")),
    }
    unforeseen = (
        _("系统出错"),
        _("系统出错，本次操作没有生效。"),
        saved,
        _("请稍后重试；仍然出错时，把问题编号告诉管理员。"),
    )
    return known.get(status, unforeseen)
