"""Personal access tokens over the REST interface: one's own, listed, made and revoked."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from records import tokens
from records.tokens import LIFETIMES, LONGEST_NAME, TokenScope
from web.api.schemas import Strict
from web.database import db
from web.identity import me, require, require_session
from web.reach import Reach
from web.runtime import command

blueprint = Blueprint("tokens", __name__, description="访问令牌")


class TokenBody(Strict):
    name = fields.String(required=True, validate=validate.Length(1, LONGEST_NAME))
    scope = fields.String(
        load_default=TokenScope.READ.value,
        validate=validate.OneOf([scope.value for scope in TokenScope]),
        metadata={"description": "read: only GET; write: everything its owner may do"},
    )
    days = fields.Integer(load_default=min(LIFETIMES), validate=validate.OneOf(LIFETIMES))


class TokenLine(Schema):
    id = fields.String()
    name = fields.String()
    scope = fields.String()
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime(allow_none=True)
    seen_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "when it was last used, to some minutes; null: never"}
    )


class NewToken(TokenLine):
    text = fields.String(metadata={"description": "the token itself, told this once"})


class TokenList(Schema):
    items = fields.List(fields.Nested(TokenLine))


@blueprint.route("/tokens")
class Tokens(MethodView):
    @require()
    @blueprint.response(200, TokenList)
    def get(self) -> dict[str, Any]:
        """One's tokens, the newest first, also those that have expired."""
        return {"items": tokens.tokens_of(db.session(), me())}

    @require()
    @blueprint.arguments(TokenBody)
    @blueprint.response(201, NewToken)
    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """A new token, for who has logged in: a token makes no other. No `Idempotency-Key` is remembered: the answer
        holds a secret that is stored nowhere."""
        require_session("访问令牌不能用来新建访问令牌。", "请登录网站，在「账号安全」里新建。")
        with command(me().username) as given:
            scope = TokenScope(body["scope"])
            token, text = tokens.issue_token(
                given.session, me(), given.now, name=body["name"], scope=scope, days=body["days"]
            )
            names = ("id", "name", "scope", "created_at", "expires_at", "seen_at")
            return {name: getattr(token, name) for name in names} | {"text": text}


@blueprint.route("/tokens/<token_id>")
class Token(MethodView):
    @require(reach=Reach.OWN)
    @blueprint.response(204)
    def delete(self, token_id: str) -> None:
        """Revoke a token at once."""
        with command(me().username) as given:
            tokens.revoke_token(given.session, me(), token_id)
