"""Certificates of the old system: what a line must say.

The rules are the product's own: those of the form, of a certificate's validity and of a project's progress. What the
old system did not ask may stay empty, and what bears on a new filing only is not asked: it was decided long ago.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.services import Decide
from records.agencies import Agency
from records.calendar import Calendar
from records.certificates import (
    STATUS_WORDS,
    Certificate,
    CertificateStatus,
    InvalidReason,
    expiry,
    years_later,
)
from records.enterprises import Enterprise
from records.formats import certificate_number_valid, mobile_valid, parse_amount
from records.industry import IndustryClass
from records.progress import Progress
from records.projects import codes_of_live_projects
from records.regions import is_prd_core
from tasks import progress
from tasks.filings.examination import examine
from tasks.filings.submission import with_computed
from tasks.filings.vocabulary import AMOUNTS, LABELS
from tasks.sheet import Column, Line, quoted

STATUSES = {word: CertificateStatus(status) for status, word in STATUS_WORDS.items()}
REASONS = {
    "到期自动失效": InvalidReason.EXPIRED,
    "企业注销": InvalidReason.CANCELLED,
    "工信撤销": InvalidReason.REVOKED,
}

_FLAGS = ("adds_capacity", "national_plan")
_COUNTS = ("jobs_construction", "jobs_operation")
_PLANNED = ("planned_start", "planned_completion")
_NEEDED = ("project_code", "project_name", "location", "scale_content", "nature", *_PLANNED)
# What the old system did not always ask; a certificate is whole without it.
_MAY_BE_EMPTY = (
    "money.capital",
    "money.annual_plan",
    "capital_industry",
    "class_code",
    "building_area_m2",
    "land_area_m2",
    *_COUNTS,
    "catalogue",
    "negative_list",
    *_FLAGS,
    "project_contact.name",
    "project_contact.mobile",
)
_OF_THE_FORM = (*_NEEDED, *(path for path in AMOUNTS if path not in _MAY_BE_EMPTY), *_MAY_BE_EMPTY)

COLUMNS = (
    Column("备案证号", "number", needed=True),
    Column("统一社会信用代码", "uscc", needed=True),
    Column(LABELS["agency"], "agency", needed=True),
    Column("签发日期", "issue_date", needed=True),
    Column("状态", "status", needed=True),
    Column("失效原因", "reason"),
    Column("有效期至", "valid_until"),
    Column("是否延期", "extended"),
    Column("变更次数", "changes"),
    Column("开工时间", "start_date"),
    Column("完工时间", "completion_date"),
    Column("完工情况说明", "completion_note"),
    *(Column(LABELS[path], path, needed=path not in _MAY_BE_EMPTY) for path in _OF_THE_FORM),
)

# The examination's rules that hold at any time. V09 is asked because it knows the industries that there are.
_RULES = frozenset(("V04", "V05", "V06", "V08", "V09", "V10", "V12", "V13", "V14", "V15", "V20"))
_CODE_IS_FREE = frozenset(("V07",))
# Decided when it was filed: whether the capital sufficed, and whether construction had begun before (domain §2.7).
_NOT_JUDGED = frozenset(("V09", "P02"))
_CHUNK = 500  # numbers that one query asks for


@dataclass(frozen=True)
class Past:
    """What became of a certificate in the old system."""

    issue_date: date
    status: CertificateStatus
    reason: InvalidReason | None
    valid_until: date | None
    extended: bool
    changes: int
    start_date: date | None
    completion_date: date | None
    completion_note: str


@dataclass(frozen=True)
class LegacyCertificate:
    """A certificate that may be taken over; `form` is its filing's."""

    number: str
    uscc: str
    agency_id: str
    form: dict[str, Any]
    past: Past


@dataclass
class Certificates:
    """What a file of certificates brings; `known` counts those that the system has."""

    new: list[LegacyCertificate] = field(default_factory=list)
    known: int = 0


class Examiner:
    """Looks at the lines of a file, with what the system knows read once for all of them.

    `usccs` are those of the enterprises that there are or will be.
    """

    def __init__(self, session: Session, usccs: Mapping[str, Any], *, today: date, decide: Decide) -> None:
        self._session = session
        self._usccs = usccs
        self._today = today
        self._decide = decide
        self._lookup = _Lookup(session)
        agencies = session.scalars(select(Agency)).all()
        self._agencies = {name: agency for agency in agencies for name in (agency.cert_code, agency.name)}
        self._numbers: dict[str, int] = {}
        self._codes: dict[str, int] = {}

    def examine(self, lines: Sequence[Line]) -> Certificates:
        """Note on every line what is wrong with it; what is good and new is in the answer."""
        found = Certificates()
        there = self._there([line.text("number") for line in lines])
        for line in lines:
            if (row := there.get(line.text("number"))) is not None:
                found.known += self._is_known(line, *row)
            elif (certificate := self._certificate(line)) is not None:
                found.new.append(certificate)
        return found

    def _there(self, numbers: Sequence[str]) -> dict[str, tuple[date, str]]:
        """The issue date and the USCC of those of the numbers that the system has."""
        rows: dict[str, tuple[date, str]] = {}
        for start in range(0, len(numbers), _CHUNK):
            query = (
                select(Certificate.number, Certificate.issue_date, Enterprise.uscc)
                .join(Enterprise, Enterprise.id == Certificate.enterprise_id)
                .where(Certificate.number.in_(numbers[start : start + _CHUNK]))
            )
            rows |= {number: (issued, uscc) for number, issued, uscc in self._session.execute(query)}
        return rows

    def _is_known(self, line: Line, issued: date, uscc: str) -> bool:
        """Whether a line is about the certificate that has its number here, whatever became of that since."""
        if line.day("issue_date") == issued and line.text("uscc") == uscc:
            line.problems.clear()
            return True
        message = f"系统中已有这个备案证号，属于信用代码为 {uscc} 的企业，{issued} 签发"
        line.refuse("number", message, "核对备案证号；系统中的备案证不能用导入修改")
        return False

    def _certificate(self, line: Line) -> LegacyCertificate | None:
        number, uscc = line.text("number"), line.text("uscc")
        if number and not certificate_number_valid(number):
            remedy = "核对后更正；在表格软件中先把该栏设为文本，以免号码变形"
            line.refuse("number", "备案证号应为 15 位数字，形如 210704397230008", remedy)
        elif number in self._numbers:
            line.refuse("number", f"与第 {self._numbers[number]} 行的备案证号相同", "每份备案证只保留一行")
        self._numbers.setdefault(number, line.number)
        if uscc and uscc not in self._usccs:
            remedy = "在账号文件中加上该企业；已有的，先更正它那一行"
            line.refuse("uscc", f"没有信用代码为“{quoted(uscc)}”的企业", remedy)
        past, agency = self._past(line), self._agency(line)
        lives = past is not None and past.status != CertificateStatus.INVALID
        form = self._form(line, agency, lives=lives)
        if line.problems or past is None or agency is None:
            return None
        if lives:
            self._codes[form["project_code"]] = line.number
        return LegacyCertificate(number, uscc, agency.id, form, past)

    def _agency(self, line: Line) -> Agency | None:
        named = line.text("agency")
        agency = self._agencies.get(named)
        if named and agency is None:
            remedy = "填写备案证号第 3 至 6 位的机关代码，或者机关全称；系统中没有的，先请管理员建立"
            line.refuse("agency", f"没有备案机关“{quoted(named)}”", remedy)
        return agency

    # Its life so far

    def _past(self, line: Line) -> Past | None:
        """None where it cannot be told how the certificate stands."""
        issued, started, completed = (line.day(name) for name in ("issue_date", "start_date", "completion_date"))
        until, extended = line.day("valid_until"), line.flag("extended") or False
        status, reason = self._status(line)
        changes = line.text("changes") or "0"
        if not (changes.isascii() and changes.isdecimal() and len(changes) < 4):
            line.refuse("changes", f"“{quoted(changes)}”不是次数", "填写 0 至 999 的整数，没有变更过的留空")
        if issued is not None and issued > self._today:
            line.refuse("issue_date", "签发日期晚于今天", "核对签发日期")
        names = ("issue_date", "status", "reason", "extended", "changes", "start_date", "completion_date")
        if issued is None or status is None or any(line.is_refused_at(name) for name in names):
            return None
        number = line.text("number")
        if certificate_number_valid(number) and number[:2] != f"{issued:%y}":
            line.refuse("issue_date", f"备案证号的前两位为 {number[:2]}，签发日期在 {issued.year} 年", "核对这两栏")
        last = years_later(issued, 3 if extended else 2)
        past = Past(
            issue_date=issued,
            status=status,
            reason=reason,
            valid_until=None if status == CertificateStatus.LONG_TERM else last,
            extended=extended,
            changes=int(changes),
            start_date=started,
            completion_date=completed,
            completion_note=line.text("completion_note"),
        )
        self._check_validity(line, past, last, until)
        self._check_progress(line, past, last)
        return past

    def _status(self, line: Line) -> tuple[CertificateStatus | None, InvalidReason | None]:
        word, why = line.text("status"), line.text("reason")
        status, reason = STATUSES.get(word), REASONS.get(why)
        if word and status is None:
            line.refuse("status", f"没有状态“{quoted(word)}”", f"填写{'、'.join(STATUSES)}之一")
        if why and reason is None:
            line.refuse("reason", f"没有失效原因“{quoted(why)}”", f"填写{'、'.join(REASONS)}之一")
        elif status == CertificateStatus.INVALID and not why:
            line.refuse("reason", "状态为已失效，没有填写失效原因", f"填写{'、'.join(REASONS)}之一")
        elif status not in (None, CertificateStatus.INVALID) and why:
            line.refuse("reason", f"状态为{word}，不应有失效原因", "核对状态，或者把失效原因留空")
        return status, reason

    def _check_validity(self, line: Line, past: Past, last: date, until: date | None) -> None:
        """The status must be what the product's table gives for the dates: its case would write that anyway."""
        two_years = expiry(past.issue_date)
        decided = self._decide(
            "certificate_validity",
            terminated=past.reason in (InvalidReason.CANCELLED, InvalidReason.REVOKED),
            started=past.start_date is not None and past.start_date <= last,
            extended=past.extended,
            today=self._today,
            two_years=two_years,
            three_years=years_later(two_years, 1),
            extension_open=False,
        )
        if decided["result"] != STATUS_WORDS[past.status]:
            line.refuse(
                "status",
                f"按签发日期、延期和开工时间，今天的状态应为“{decided['result']}”",
                "核对这几栏：有效期内开工的填写开工时间；已过有效期的，状态填已失效，失效原因填到期自动失效",
            )
        elif until is not None and past.valid_until is not None and until != last:
            line.refuse("valid_until", f"有效期应至 {last}", "核对签发日期和是否延期：有效期两年，延期的三年")

    def _check_progress(self, line: Line, past: Past, last: date) -> None:
        told = Progress(start_date=past.start_date)
        report = progress.Report(past.start_date, past.completion_date, past.completion_note)
        certificate = Certificate(issue_date=past.issue_date, valid_until=last)
        total = parse_amount(line.text("money.total"))
        for found in progress.examine(certificate, told, report, total, today=self._today, decide=self._decide):
            if found.severity == "error" and found.code not in _NOT_JUDGED:
                line.refuse(found.field, found.message, "核对后更正")

    # Its filing

    def _form(self, line: Line, agency: Agency | None, *, lives: bool) -> dict[str, Any]:
        """The filing's form, with what the system works out in it."""
        form = self._written(line, agency)
        code, mobile = line.text("project_code"), line.text("project_contact.mobile")
        if mobile and not mobile_valid(mobile):
            line.refuse("project_contact.mobile", "项目联系人手机格式不正确", "核对后更正，或者留空")
        if lives and code in self._codes:
            remedy = "核对项目代码：一个项目只有一份备案证有效"
            line.refuse("project_code", f"与第 {self._codes[code]} 行的项目代码相同，两份备案证都没有失效", remedy)
        examination = examine(
            form,
            enterprise=Enterprise(uscc=line.text("uscc")),
            agency=agency,
            today=self._today,
            decide=self._decide,
            lookup=self._lookup,
            codes=_RULES | _CODE_IS_FREE if lives else _RULES,
        )
        for found in examination.errors:
            # An empty cell is allowed, or was found to be empty before; so was one that cannot be read.
            is_empty = found.field in line.headings and not line.text(found.field)
            if found.code not in _NOT_JUDGED and not is_empty and not line.is_refused_at(found.field):
                line.refuse(found.field, found.message, f"{found.detail}；核对后更正".lstrip("；"))
        # A region in the form is the platform's word, and nobody asked the platform; the code says it where it is read.
        computed = {name: value for name, value in examination.computed.items() if name != "region"}
        return with_computed(form, computed)

    def _written(self, line: Line, agency: Agency | None) -> dict[str, Any]:
        """The form as the line has it, in the shape of `FilingForm`."""
        if not line.text("class_code") and certificate_number_valid(line.text("number")):
            # The number has the class of the day of issue, which holds where the file says nothing else.
            line.cells["class_code"] = line.text("number")[6:10]
        form: dict[str, Any] = {"agency": agency.id if agency else None}
        for path in _OF_THE_FORM:
            group, _dot, name = path.rpartition(".")
            (form.setdefault(group, {}) if group else form)[name] = _value(line, path)
        return form


def _value(line: Line, path: str) -> Any:
    """A field of the form as JSON has it."""
    text = line.text(path)
    if path in _FLAGS:
        return line.flag(path)
    if path in _COUNTS:
        return int(text) if text.isascii() and text.isdecimal() else text or None
    if path in _PLANNED:
        day = _planned(line, path)
        return day.isoformat() if day else ""
    return text


def _planned(line: Line, path: str) -> date | None:
    """A planned day. Old plans may say a month, which begins on its first day and is over on its last (domain §4.5)."""
    first = line.month(path)
    if first is None:
        return line.day(path)
    return first if path == "planned_start" else (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


class _Lookup:
    """What the examination looks up, most of it read once for a whole file."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._classes = {found.code: found for found in session.scalars(select(IndustryClass))}
        self._codes = codes_of_live_projects(session)
        self._calendar = Calendar(session)

    def industry_class(self, code: str) -> IndustryClass | None:
        return self._classes.get(code)

    def code_in_use(self, project_code: str) -> bool:
        return project_code in self._codes

    def in_prd_core(self, region: str) -> bool:
        return is_prd_core(self._session, region)

    def working_day_after(self, day: date, count: int) -> date:
        return self._calendar.add(day, count)
