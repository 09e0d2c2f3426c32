"""The stage of the scenarios of 账号合并: no document, but a request of the enterprise `enterprise` with its contact's
`mobile`, which the step `merge` decides."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.commands import Command
from engine.scenario_files import Block
from engine.scenarios import Misused
from engine.testing import ProcessTest
from records.account_merges import AccountMerge
from records.enterprises import Enterprise
from records.notices import Notice
from records.sms import OutgoingSms
from records.users import User, user_by_username
from tasks import accounts
from web.office import Office

MERGE_VERBS = ("merge",)
MERGE_FACTS = frozenset(("merge", "accounts"))
_START = ("enterprise", "mobile")


class MergeStage(Office):
    """The sample's enterprises and their accounts."""

    facts_known = Office.facts_known | MERGE_FACTS

    def __init__(self) -> None:
        super().__init__()
        self.verbs = {"merge": self._merge}

    def presupposes(self, process: str, start: Block) -> None:
        for key in start:
            if key not in _START:
                raise Misused(key, f"start 没有「{key}」，可写：{'、'.join(_START)}")

    def prepare(self, test: ProcessTest, process: str, start: Block) -> None:
        """Nothing is presupposed."""

    def draft(self, command: Command, process: str, start: Block) -> str:
        return accounts.request(command, *(str(start.get(key) or "") for key in _START)).id

    def begin(self, command: Command, process: str, business_key: str | None, start: Block) -> None:
        """Asking has begun the case."""

    def facts(self, session: Session, process: str, business_key: str | None) -> Mapping[str, Any]:
        asked = session.get_one(AccountMerge, business_key)
        theirs = select(User).join(Enterprise, Enterprise.id == User.enterprise_id)
        users = session.scalars(theirs.where(Enterprise.name == asked.enterprise_name).order_by(User.username))
        return {
            "merge": {
                "state": asked.state,
                "kept": asked.kept.username if asked.kept is not None else None,
                "reason": asked.reason,
                "decided_by": asked.decided_by,
            },
            "accounts": [_account(session, user) for user in users],
            "messages": [
                {"template": m.template, "to": m.mobile, "text": m.text, "state": m.state}
                for m in session.scalars(select(OutgoingSms).order_by(OutgoingSms.id))
            ],
            "notices": [
                {"to": notice.recipient_group, "title": notice.title, "body": notice.body}
                for notice in session.scalars(select(Notice).order_by(Notice.id))
            ],
        }

    def _merge(self, command: Command, business_key: str | None, block: Any) -> None:
        """合并账号 or 不予合并."""
        if not isinstance(block, Mapping) or set(block) not in ({"keep"}, {"refuse"}):
            raise Misused("merge", "merge 应写明 keep（保留的账号），或 refuse（不予合并的原因）")
        asked = command.session.get_one(AccountMerge, business_key)
        if "refuse" in block:
            accounts.refuse(command, asked, str(block["refuse"]))
            return
        keep = user_by_username(command.session, str(block["keep"]))
        if keep is None:
            raise Misused("merge.keep", f"没有账号 {block['keep']}")
        accounts.merge(command, asked, keep)


def _account(session: Session, user: User) -> dict[str, Any]:
    kept = session.get(User, user.merged_into) if user.merged_into else None
    return {
        "username": user.username,
        "active": user.active,
        "merged_into": kept.username if kept is not None else None,
    }
