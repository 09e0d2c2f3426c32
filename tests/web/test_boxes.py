"""Who finds what in which box, and who gets which short message: the matrix of notices, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from engine.scenario_files import moment
from records.agencies import Agency
from records.documents import Document
from records.formats import project_code_check_digit
from records.notices import Notice
from records.sms import OutgoingSms
from tests.servers import Prepare
from tests.web import applications
from tests.web.conftest import Visitor
from tests.web.portal import Portal, load_certificate
from web.database import db

JIANGHAI = {"ent01": "企业", "gx10": "经办人", "gx11": "审核人", "gx12": "签发人"}
"""Each has one role."""
SHENZHEN = {applications.APPLICANT: "企业", applications.OFFICIAL: "机关"}
"""One official has them all."""
ROLES = {"handler": "经办人", "reviewer": "审核人", "signer": "签发人", "supervisor": "省级"}


@pytest.fixture
def prepared() -> Prepare:
    """With a certificate that was issued on 2 March 2026, for a project planned from 1 May 2026 to 6 April 2027."""
    return load_certificate


class Boxes:
    """What comes into the boxes of some people, what leaves them, and what is sent."""

    def __init__(self, portal: Portal, people: Mapping[str, str]) -> None:
        self.portal, self.people = portal, people
        with portal.app.app_context():
            filed = select(Document.id).where(Document.certificate_number.is_(None))
            self.others = set(db.session.scalars(filed))
            """What the sample has under way, which time moves too."""

    @contextmanager
    def moving(self, *come: str, gone: tuple[str, ...] = ()) -> Iterator[None]:
        """What happens inside moves exactly this, each as `who box what`, or `template receiver`."""
        before = self._now()
        yield
        now = self._now()
        assert sorted((before - now).elements()) == sorted(gone)
        assert sorted((now - before).elements()) == sorted(come)

    def _now(self) -> Counter[str]:
        return Counter([*self._tasks(), *self._notices(), *self._messages()])

    def _tasks(self) -> Iterator[str]:
        for user, who in self.people.items():
            for box, called in (("todo", "待办"), ("done", "已办")):
                page = self.portal.call(user, "GET", f"/tasks?box={box}&limit=100").get_json()
                yield from (f"{who} {called} {task['name']}" for task in page["items"])

    def _notices(self) -> Iterator[str]:
        with self.portal.app.app_context():
            of_story = select(Notice).where(Notice.document_id.not_in(self.others))
            for notice in db.session.scalars(of_story):
                reader = ROLES.get(notice.recipient_group.rpartition(":")[2], "企业")
                yield f"{reader} 待阅 {notice.title.rpartition('”')[2]}"

    def _messages(self) -> Iterator[str]:
        with self.portal.app.app_context():
            duty = set(db.session.scalars(select(Agency.duty_mobile)))
            of_story = select(OutgoingSms).where(OutgoingSms.document_id.not_in(self.others))
            for message in db.session.scalars(of_story):
                yield f"{message.template} {'机关' if message.mobile in duty else '企业'}"


@pytest.fixture
def boxes(portal: Portal) -> Boxes:
    return Boxes(portal, JIANGHAI)


def until(portal: Portal, when: str) -> None:
    """Let time go by, until `2026-05-01 09:00` in Guangdong."""
    portal.clock.set(moment(when))
    portal.settle()


def drafted(portal: Portal) -> str:
    """The id of one more draft of ent01."""
    digits = "2110440704040250001"
    code = f"2110-440704-04-02-50001{project_code_check_digit(digits)}"
    return str(portal.draft(project_code=code)["id"])


def begun(portal: Portal, kind: str, **form: Any) -> str:
    """The id of the draft of a change or an extension of the certificate."""
    answer = portal.call("ent01", "POST", f"/{kind}", json={"certificate": portal.certificate, "reason": "推迟"} | form)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def post(portal: Portal, user: str, path: str, **body: Any) -> None:
    answer = portal.call(user, "POST", path, json=body)
    assert answer.status_code == 200, answer.text


def decide(portal: Portal, user: str, document_id: str, decision: str) -> None:
    answer = portal.decide(user, document_id, decision, "请补充内容")
    assert answer.status_code == 200, answer.text


def test_a_filing_that_is_returned_resubmitted_and_issued(portal: Portal, boxes: Boxes) -> None:
    filing = drafted(portal)
    with boxes.moving("经办人 待办 受理", "S01 机关"):
        post(portal, "ent01", f"/filings/{filing}/submit")
    with boxes.moving("企业 待办 修改并重新提交", "经办人 已办 受理", "S02 企业", gone=("经办人 待办 受理",)):
        decide(portal, "gx10", filing, "return")
    with boxes.moving("企业 已办 修改并重新提交", "经办人 待办 受理", "S01 机关", gone=("企业 待办 修改并重新提交",)):
        post(portal, "ent01", f"/filings/{filing}/submit")
    with boxes.moving("经办人 已办 受理", "审核人 待办 审核", gone=("经办人 待办 受理",)):
        decide(portal, "gx10", filing, "accept")
    with boxes.moving("审核人 已办 审核", "签发人 待办 签发", gone=("审核人 待办 审核",)):
        decide(portal, "gx11", filing, "approve")
    with boxes.moving("签发人 已办 签发", "企业 待阅 已备案", "S04 企业", gone=("签发人 待办 签发",)):
        decide(portal, "gx12", filing, "issue")


def test_a_filing_that_is_withdrawn_or_not_accepted(portal: Portal, boxes: Boxes) -> None:
    filing = drafted(portal)
    post(portal, "ent01", f"/filings/{filing}/submit")
    with boxes.moving("经办人 待阅 备案申报已撤回", gone=("经办人 待办 受理",)):
        post(portal, "ent01", f"/filings/{filing}/withdraw")
    assert "submit" in portal.filing(filing)["allowed_actions"]
    post(portal, "ent01", f"/filings/{filing}/submit")
    with boxes.moving("经办人 已办 受理", "企业 待阅 备案申报不予受理", "S03 企业", gone=("经办人 待办 受理",)):
        decide(portal, "gx10", filing, "refuse")


def test_a_filing_that_lies_too_long(portal: Portal, boxes: Boxes, client_of: Callable[[str], Visitor]) -> None:
    filing = drafted(portal)
    post(portal, "ent01", f"/filings/{filing}/submit")
    with boxes.moving("审核人 待阅 备案申报临近办理时限", "S18 机关"):
        until(portal, "2026-03-05 09:00")
    name, overdue = (
        portal.filing(filing)["form"]["project_name"],
        "/inbox/todo?show=overdue&q=" + portal.filing(filing)["number"],
    )
    assert name not in client_of("gx10").read(overdue)
    with boxes.moving("审核人 待阅 备案申报超过办理时限", "省级 待阅 备案申报超过办理时限"):
        until(portal, "2026-03-06 09:00")
    assert name in client_of("gx10").read(overdue)


@pytest.mark.parametrize(
    ("kind", "form", "granted", "refused"),
    [
        (
            "changes",
            {"items": ["building_area_m2"], "values": {"building_area_m2": "1200"}},
            ("企业 待阅 备案变更已通过", "S06 企业"),
            ("企业 待阅 备案变更不予受理", "S07 企业"),
        ),
        (
            "extensions",
            {"agency": "A07"},
            ("企业 待阅 备案延期已通过", "S08 企业"),
            ("企业 待阅 备案延期未通过", "S09 企业"),
        ),
    ],
)
def test_a_change_and_an_extension_that_are_refused_and_granted(
    portal: Portal, boxes: Boxes, kind: str, form: dict[str, Any], granted: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    for decisions, end in ((("refuse",), refused), (("accept", "approve", "issue"), granted)):
        document = begun(portal, kind, **form)
        with boxes.moving("经办人 待办 受理", "S01 机关"):
            post(portal, "ent01", f"/{kind}/{document}/submit")
        officials = dict(zip(("gx10", "gx11", "gx12"), decisions, strict=False))
        *others, last = officials.items()
        for user, decision in others:
            decide(portal, user, document, decision)
        who, task = ("签发人", "签发") if others else ("经办人", "受理")
        with boxes.moving(f"{who} 已办 {task}", *end, gone=(f"{who} 待办 {task}",)):
            decide(portal, last[0], document, last[1])


def test_a_certificate_whose_project_never_begins(portal: Portal, boxes: Boxes) -> None:
    with boxes.moving("企业 待办 填报开工时间", "S12 企业"):
        until(portal, "2026-05-01 09:00")
    with boxes.moving("企业 待办 填报年度进度报告", "S15 企业"):
        until(portal, "2026-12-01 09:00")
    with boxes.moving("经办人 待阅 逾期未报2026年度进度报告", gone=("企业 待办 填报年度进度报告",)):
        until(portal, "2027-02-01 00:00")
    with boxes.moving("企业 待办 填报开工完工时间", "S13 企业"):
        until(portal, "2027-02-06 09:00")
    with boxes.moving("企业 待办 填报完工时间", "S14 企业", gone=("企业 待办 填报开工完工时间",)):
        until(portal, "2027-03-06 09:00")
    until(portal, "2027-12-01 09:00")
    with boxes.moving("企业 待办 延期或填报开工", "S16 企业"):
        until(portal, "2028-01-02 09:00")
    until(portal, "2028-02-01 00:00")
    with boxes.moving("S16 企业"):  # its to-do takes the place of the first
        until(portal, "2028-02-01 09:00")
    left = ("填报开工时间", "填报完工时间", "延期或填报开工")
    with boxes.moving(
        "企业 待阅 备案证到期自动失效",
        "经办人 待阅 备案证到期自动失效",
        "S17 企业",
        gone=tuple(f"企业 待办 {task}" for task in left),
    ):
        until(portal, "2028-03-03 00:00")


def test_progress_that_is_told(portal: Portal, boxes: Boxes) -> None:
    until(portal, "2026-05-01 09:00")
    path = f"/certificates/{portal.certificate}/progress"
    told: dict[str, Any] = {"start_date": "2026-04-20"}
    done = "填报开工时间"
    with boxes.moving(f"企业 已办 {done}", "经办人 待阅 已填报开工时间", "S26 企业", gone=(f"企业 待办 {done}",)):
        post(portal, "ent01", path, **told)
    until(portal, "2026-12-01 09:00")
    told |= {"revision": 1, "annual_reports": [{"year": 2026, "invested": "300", "stage": "设备安装"}]}
    done = "填报年度进度报告"
    with boxes.moving(f"企业 已办 {done}", "经办人 待阅 已填报年度进度报告", gone=(f"企业 待办 {done}",)):
        post(portal, "ent01", path, **told)
    until(portal, "2027-02-06 09:00")
    told |= {"revision": 2, "completion_date": "2027-02-01"}
    done = "填报开工完工时间"
    with boxes.moving(f"企业 已办 {done}", "经办人 待阅 已填报完工时间", gone=(f"企业 待办 {done}",)):
        post(portal, "ent01", path, **told)


def test_a_certificate_that_its_enterprise_cancels(portal: Portal, boxes: Boxes) -> None:
    with boxes.moving("经办人 待阅 备案证已注销", "S10 机关"):
        post(portal, "ent01", f"/certificates/{portal.certificate}/cancel", reason="不再实施")


def test_a_certificate_that_its_authority_revokes(portal: Portal, boxes: Boxes) -> None:
    with boxes.moving("企业 待阅 备案已撤销", "S11 企业"):
        post(portal, "gx12", f"/certificates/{portal.certificate}/revoke", reason="提供虚假信息")


@pytest.mark.parametrize(
    ("decision", "end"),
    [("approve", ("企业 待阅 已予以核准", "S22 企业")), ("reject", ("企业 待阅 不予核准", "S23 企业"))],
)
def test_an_application_that_is_corrected_accepted_and_decided(
    portal: Portal, decision: str, end: tuple[str, ...]
) -> None:
    boxes, official = Boxes(portal, SHENZHEN), applications.OFFICIAL
    with boxes.moving("机关 待办 受理审查", "S01 机关"):
        approval = applications.submitted(portal)
    with boxes.moving("企业 待办 补正材料", "机关 已办 受理审查", "S21 企业", gone=("机关 待办 受理审查",)):
        decide(portal, official, approval, "correct")
    with boxes.moving("企业 已办 补正材料", "机关 待办 补正后审查", "S01 机关", gone=("企业 待办 补正材料",)):
        post(portal, applications.APPLICANT, f"/approvals/{approval}/submit")
    with boxes.moving(
        *("机关 已办 补正后审查", "机关 待办 承办", "企业 待阅 核准申请已受理", "S20 企业"),
        gone=("机关 待办 补正后审查",),
    ):
        decide(portal, official, approval, "accept")
    task = portal.task(official, approval)["id"]
    post(portal, official, f"/tasks/{task}/claim")
    post(portal, official, f"/tasks/{task}/complete", data={"departments": []})
    decide(portal, official, approval, decision)
    with boxes.moving("机关 已办 签发", *end, gone=("机关 待办 签发",)):
        decide(portal, official, approval, "issue")
