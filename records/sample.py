"""The demo's data: the fictional agencies, enterprises, users and forms of `data/sample.json`.

Reads the parsed file. Loads no filing: filings come to be by running the procedure, as everywhere.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.agencies import Agency
from records.announcements import Announcement, AnnouncementKind
from records.approvals import Approval
from records.attachments import AttachmentStore, attach
from records.enterprises import Enterprise
from records.passwords import hash_password
from records.seed import add_missing, seed_master_data
from records.users import User, UserKind, UserRole

# Numbers of the sample's projects: two for the officials of Jianghai district, one for those of Nanhai.
_DRAFTS = (18, 24, 19)
_DATES = ("planned_start", "planned_completion")
# What the sample's project answers of the questions that its materials follow from.
_ANSWERS = {
    "land_use": "不涉及新增用地",
    "land_preexamination_exempt": True,
    "capital_increase": False,
    "merger": False,
    "state_assets": False,
}
# What the server sets or works out; a client that sends it is not believed.
_SET_BY_SERVER = ("fictional", "enterprise", "catalogue_edition", "negative_list_edition", "attachments")


@dataclass(frozen=True)
class SampleForm:
    """A form that an enterprise's user may submit today."""

    enterprise_id: str
    username: str
    form: dict[str, Any]


def load_sample(session: Session, data: Mapping[str, Any], password: str) -> None:
    """Add what is not there yet: master data, agencies, enterprises, users, announcements.

    All users get the one password. Flushes, never commits.
    """
    seed_master_data(session)
    # Parents before their children, which refer to them.
    for agency in sorted(data["agencies"], key=lambda agency: agency["level"]):
        add_missing(session, Agency, [_agency(agency)])
    add_missing(session, Enterprise, [_enterprise(item) for item in data["enterprises"]])
    # Hashing is slow on purpose, and one password for all is the demo's open secret: once is enough.
    password_hash = hash_password(password)
    add_missing(session, User, [_user(item, password_hash) for item in data["users"]])
    if session.scalar(select(Announcement.id).limit(1)) is None:
        session.add_all(_announcements())
    session.flush()


def draft_forms(data: Mapping[str, Any], today: date) -> list[SampleForm]:
    """A few of the sample's forms with their dates moved on, as if the sample had been made today."""
    moved = today - date.fromisoformat(data["as_of"])
    users = {item["enterprise"]: item["username"] for item in reversed(data["users"]) if "enterprise" in item}
    projects = {project["no"]: project["filing"] for project in data["projects"]}
    return [
        SampleForm(
            projects[number]["enterprise"],
            users[projects[number]["enterprise"]],
            _moved(projects[number], moved),
        )
        for number in _DRAFTS
    ]


def application_of(project: Mapping[str, Any]) -> dict[str, Any]:
    """The form of a sample's project that needs approval. `materials` has the names of the files, still to be
    attached."""
    form, tender = dict(deepcopy(project["filing"])), project["tender"]
    form |= {name: value for name, value in _ANSWERS.items() if name not in form}
    inputs = tender["inputs"]
    form["tender"] = {
        "budget_funds": inputs["budget_funds"],
        "soe_funds_controlling": inputs["soe_funds_controlling"],
        "international_funds": inputs["ifi_or_foreign_gov"],
        "article4_project": False,
        "rows": [{**row, "combinable": True} for row in tender["rows"]],
    }
    form["materials"] = {"application_report": "项目申请报告.pdf"}
    return form


def attach_materials(
    session: Session, store: AttachmentStore, approval: Approval, specimen: bytes, *, actor: str, now: datetime
) -> None:
    """Attach a specimen for each material that an application's form names by a file's name, and name it by its id."""
    given = approval.form.get("materials") or {}
    named = {key: name for key, name in given.items() if "." in name}
    files = {
        key: attach(session, store, approval.id, name, specimen, actor=actor, now=now).id for key, name in named.items()
    }
    if files:
        approval.form = {**approval.form, "materials": {**given, **files}}
        session.flush()


def _moved(filing: Mapping[str, Any], by: timedelta) -> dict[str, Any]:
    form = {name: deepcopy(value) for name, value in filing.items() if name not in _SET_BY_SERVER}
    for name in _DATES:
        form[name] = (date.fromisoformat(form[name]) + by).isoformat()
    return form


def _agency(item: Mapping[str, Any]) -> Agency:
    fields = {name: value for name, value in item.items() if name != "parent"}
    return Agency(parent_id=item["parent"], **fields)


def _enterprise(item: Mapping[str, Any]) -> Enterprise:
    return Enterprise(**{name: value for name, value in item.items() if name != "fictional"})


def _user(item: Mapping[str, Any], password_hash: str) -> User:
    return User(
        id=item["id"],
        username=item["username"],
        name=item["name"],
        kind=UserKind(item["kind"]).value,
        enterprise_id=item.get("enterprise"),
        agency_id=item.get("agency"),
        password_hash=password_hash,
        mobile=item["mobile"],
        roles=[UserRole(role=role.lower()) for role in item["roles"]],
    )


def _announcements() -> list[Announcement]:
    """信息公告 with the days of the deck's home page (R57)."""
    return [
        Announcement(
            kind=AnnouncementKind.INFORMATION.value,
            title=title,
            body=body,
            agency_name="广东省工业和信息化厅",
            published_at=published_at,
        )
        for title, body, published_at in (
            (
                "广东省工业企业技术改造监测系统公告",
                "广东省工业企业技术改造监测系统开始试运行。本站为演示环境，其中的企业、人员、项目和证书均为虚构。",
                datetime(2021, 7, 28, 1, tzinfo=UTC),
            ),
            (
                "广东省工业企业技术改造监测系统公告",
                "企业申报备案前，请先在广东省投资项目在线审批监管平台申请项目代码；项目名称和建设地点由平台同步，无需填写。",
                datetime(2021, 8, 3, 1, tzinfo=UTC),
            ),
        )
    ]
