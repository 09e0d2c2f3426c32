"""省统一身份认证 by OpenID Connect: authorization code with PKCE, state and nonce; the ID token is verified (R59).

Authlib keeps what it has to remember of a log-in under way in the browser's signed session.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import MismatchingStateError, OAuthError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from flask import request
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.wrappers import Response

from engine.errors import CommandRefused
from tasks.login import ProvincialAccount
from web.settings import IdentityPlatform

TIMEOUT = 10
"""Seconds until the platform is taken to be away."""

_DENIED = ("access_denied", "login_required", "interaction_required")
_FAILURES = (AuthlibBaseError, JoseError, RequestException, LookupError, RuntimeError, ValueError)

log = structlog.get_logger("jigai.identity")


class NoAccount(Exception):
    """The platform gave nobody back: they have no account there, or went away."""


class PlatformFailed(CommandRefused):
    """The platform does not work, or what came back cannot be trusted."""

    default_status = 502


def begin(platform: IdentityPlatform, return_url: str) -> Response:
    """The redirect to the platform. Raises PlatformFailed."""
    try:
        response: Response = _client(platform).authorize_redirect(return_url)
    except _FAILURES as failure:
        raise _away(failure) from failure
    return response


def finish(platform: IdentityPlatform) -> ProvincialAccount:
    """Who comes back from the platform with the current request. Raises NoAccount, PlatformFailed."""
    client = _client(platform)
    _require_issuer(client, platform)
    try:
        token = client.authorize_access_token()
        claims = _claims(client, platform, token)
    except MismatchingStateError as failure:
        raise _stale() from failure
    except OAuthError as failure:
        if failure.error in _DENIED:
            raise NoAccount from failure
        if failure.error == "invalid_grant":
            raise _stale() from failure
        raise _untrusted(f"{failure.error}: {failure.description}") from failure
    except JoseError as failure:
        raise _untrusted(str(failure)) from failure
    except _FAILURES as failure:
        raise _away(failure) from failure
    return _account(platform, claims)


def _require_issuer(client: FlaskOAuth2App, platform: IdentityPlatform) -> None:
    """The answer says of which issuer it is where the platform promises that (RFC 9207), and of no other."""
    told = request.args.get("iss")
    if told is None:
        try:
            promised = client.load_server_metadata().get("authorization_response_iss_parameter_supported")
        except _FAILURES as failure:
            raise _away(failure) from failure
        if promised:
            raise _untrusted("the answer does not say of which issuer it is, as the platform promises")
    elif told != platform.issuer:
        raise _untrusted("the answer is of another issuer")


@cache
def _client(platform: IdentityPlatform) -> FlaskOAuth2App:
    return FlaskOAuth2App(
        FlaskIntegration("province"),
        name="province",
        client_id=platform.client_id,
        client_secret=platform.client_secret,
        server_metadata_url=platform.metadata_url,
        client_kwargs={"scope": platform.scope, "code_challenge_method": "S256", "default_timeout": TIMEOUT},
    )


def _claims(client: FlaskOAuth2App, platform: IdentityPlatform, token: dict[str, Any]) -> Mapping[str, Any]:
    """What the verified ID token says; with a platform that tells levels elsewhere, its userinfo too."""
    claims: Mapping[str, Any] | None = token.get("userinfo")
    if not claims or claims["iss"] != platform.issuer:
        raise OAuthError("invalid_token", "there is no ID token of the issuer that is configured")
    if platform.level_claim in claims or "userinfo_endpoint" not in client.server_metadata:
        return claims
    told = client.userinfo(token=token)
    if told.get("sub") != claims["sub"]:
        raise OAuthError("invalid_token", "userinfo is of another subject")
    return {**told, **claims}


def _account(platform: IdentityPlatform, claims: Mapping[str, Any]) -> ProvincialAccount:
    try:
        level = int(claims[platform.level_claim])
    except (KeyError, TypeError, ValueError) as failure:
        raise _untrusted(f"the claim {platform.level_claim} is no level") from failure

    def text(name: str) -> str:
        return str(claims.get(name) or "").strip()

    return ProvincialAccount(
        issuer=platform.issuer,
        subject=str(claims["sub"]),
        level=level,
        name=text("name"),
        mobile=text("phone_number"),
        uscc=text(platform.uscc_claim).upper(),
        enterprise_name=text(platform.enterprise_claim),
    )


def _away(failure: Exception) -> PlatformFailed:
    log.error("the identity platform failed", exc_info=failure)
    return PlatformFailed(
        "platform_away",
        message="省统一身份认证平台暂时连接不上，没有完成登录。",
        remedy="请稍后重新登录；多次不成功的，请拨打技术咨询电话 020-22041800-841。",
    )


def _stale() -> PlatformFailed:
    return PlatformFailed(
        "login_stale",
        message="这次登录已过期，或不是在这个浏览器窗口里开始的，没有完成登录。",
        status=400,
        remedy="请重新登录，并在同一个窗口里完成。",
    )


def _untrusted(why: str) -> PlatformFailed:
    log.error("the identity platform's answer was refused", why=why)
    return PlatformFailed(
        "platform_answer_refused",
        message="省统一身份认证平台的答复没有通过核验，没有完成登录。",
        remedy="请重新登录；仍不成功的，请拨打技术咨询电话 020-22041800-841。",
    )
