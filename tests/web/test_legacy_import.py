"""Taking over the old system's accounts and certificates from CSV files (R195)."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner
from sqlalchemy import select, text

from records.agencies import Agency
from records.announcements import Announcement, AnnouncementKind
from records.certificates import Certificate, CertificateSerial, allocate_number
from records.documents import Document
from records.enterprises import Enterprise
from records.progress import Progress
from records.sms import OutgoingSms
from records.users import User, user_by_username
from tasks.legacy import accounts, certificates
from tests.web import old_system
from tests.web.conftest import Visitor
from tests.web.old_system import account, certificate
from tests.web.portal import Portal, load_sample
from web import legacy
from web.cli import main
from web.database import db

ROOT = Path(__file__).resolve().parents[2]
NUMBER = old_system.CERTIFICATE["备案证号"]
LONG_TERM = {"状态": "长期有效", "开工时间": "2025-03-01"}


class Importer:
    """Somebody at the command line, with files of the old system."""

    def __init__(self, portal: Portal, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._portal, self._folder, self._capsys = portal, folder, capsys
        self.said = ""

    def __call__(
        self,
        papers: list[dict[str, str]] | None = None,
        people: list[dict[str, str]] | None = None,
        **options: Any,
    ) -> bool:
        """Import lines, those of the enterprise unless others are given. Whether none was refused."""
        first = old_system.write(self._folder / "accounts.csv", people or [account()])
        second = old_system.write(self._folder / "certificates.csv", papers) if papers else None
        usual = {"dry_run": False, "skip_refused": False, "quiet": False, "report": None}
        with self._portal.app.app_context():
            good = legacy.run(first, second, **(usual | options))
            db.session.rollback()
        self.said = "".join(self._capsys.readouterr())
        return good

    def problems(self, papers: list[dict[str, str]], people: list[dict[str, str]] | None = None) -> list[list[str]]:
        """The rows of the report that an import writes which is refused."""
        report = self._folder / "report.csv"
        assert not self(papers, people, report=report)
        with report.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))[1:]


@pytest.fixture
def bring(portal: Portal, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Importer:
    return Importer(portal, tmp_path, capsys)


def rows(portal: Portal, *tables: type[Any]) -> dict[str, int]:
    """How many rows there are of some tables."""
    with portal.app.app_context():
        return {table.__tablename__: len(db.session.scalars(select(table)).all()) for table in tables}


EVERYTHING = (Enterprise, User, Document, Certificate, CertificateSerial, Progress, Announcement, OutgoingSms)


def told(portal: Portal, number: str = NUMBER) -> dict[str, Any]:
    answer: dict[str, Any] = portal.call("old", "GET", f"/certificates/{number}").get_json()
    return answer


@pytest.fixture
def owner(portal: Portal, bring: Importer) -> Callable[..., None]:
    """`owner(开工时间="…")`: one certificate imported, for an account named `old`."""

    def imported(**changes: str) -> None:
        assert bring([certificate(**changes)], [account(旧系统账号="old")]), bring.said

    return imported


def todo(portal: Portal, user: str = "old") -> list[str]:
    tasks = portal.call(user, "GET", "/tasks?box=todo").get_json()["items"]
    return [task["name"] for task in tasks]


def move(portal: Portal, to: str) -> None:
    """Let time go by, and what falls due happen."""
    moment = datetime.fromisoformat(f"{to}T10:00+08:00").astimezone(UTC)
    portal.clock.advance(moment - portal.clock.now())
    portal.settle()


# What comes over


@pytest.mark.slow
def test_many_certificates_come_over_together(portal: Portal, bring: Importer) -> None:
    people, papers = old_system.many(300)
    assert bring(papers, people, quiet=True)
    assert rows(portal, Certificate) == {"certificate": 300}
    cases = "SELECT count(*) FROM engine_instance i JOIN engine_definition d ON d.id = i.definition_id"
    with portal.app.app_context():
        assert db.session.scalar(text(f"{cases} WHERE d.key = 'certificate' AND i.status = 'running'")) == 225


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_certificate_comes_over_with_its_enterprise_and_lives(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with request.getfixturevalue(f"{kind}_databases").for_one_test() as new:
        portal = Portal(new(load_sample), tmp_path)
        assert Importer(portal, tmp_path, capsys)([certificate()], [account(旧系统账号="old")])
        shown = told(portal)
        assert (shown["status"], shown["valid_until"], shown["seal"]) == ("VALID", "2026-09-10", "ON_PAPER")
        filing = portal.filing(shown["filing_id"], "old")
        assert filing["status"] == "ISSUED"
        assert filing["form"]["class_name"] == "金属结构制造"
        assert filing["form"]["planned_completion"] == "2027-06-30"
        assert filing["form"]["money"]["fixed_assets"] == "900"
        move(portal, "2026-05-02")
        assert todo(portal) == ["填报开工时间"]
        move(portal, "2026-09-12")
        assert told(portal)["invalid_reason"] == "EXPIRED"
        portal.close()


def test_telling_the_start_makes_it_long_term_as_any_other(portal: Portal, owner: Callable[..., None]) -> None:
    owner()
    answer = portal.call("old", "POST", f"/certificates/{NUMBER}/progress", json={"start_date": "2026-03-01"})
    assert answer.status_code < 300, answer.text
    assert told(portal)["status"] == "LONG_TERM"


def test_what_became_of_a_project_comes_over_too(portal: Portal, owner: Callable[..., None]) -> None:
    owner(
        **LONG_TERM,
        完工时间="2026-01-20",
        完工情况说明="已完工",
        变更次数="2",
        签发日期="2023年9月10日",
        备案证号="230704331130041",
        是否延期="是",
    )
    with portal.app.app_context():
        found = db.session.get_one(Certificate, "230704331130041")
        assert (found.status, found.valid_until, found.extended, found.changes) == ("LONG_TERM", None, True, 2)
        assert db.session.get_one(Progress, found.number).content["completion_date"] == "2026-01-20"


def test_an_invalid_certificate_has_no_case_and_stands_in_no_list(portal: Portal, owner: Callable[..., None]) -> None:
    owner(状态="已失效", 失效原因="企业注销")
    assert (told(portal)["status"], told(portal)["invalid_reason"]) == ("INVALID", "CANCELLED")
    cases = portal.call("admin", "GET", f"/instances?business_key={told(portal)['filing_id']}").get_json()["items"]
    assert cases == []
    with portal.app.app_context():
        assert db.session.scalar(select(Announcement).where(Announcement.certificate_number == NUMBER)) is None


def test_one_that_ran_out_in_the_old_system_stays_so_and_nobody_is_told(
    portal: Portal, owner: Callable[..., None]
) -> None:
    owner(
        备案证号="200704331130041", 签发日期="2020-02-29", 状态="已失效", 失效原因="到期自动失效", 有效期至="2022/2/28"
    )
    shown = told(portal, "200704331130041")
    assert (shown["status"], shown["valid_until"]) == ("INVALID", "2022-02-28")
    with portal.app.app_context():
        assert "S17" not in db.session.scalars(select(OutgoingSms.template)).all()


def test_a_certificate_that_holds_is_in_the_public_list_on_its_day(portal: Portal, owner: Callable[..., None]) -> None:
    owner()
    with portal.app.app_context():
        line = db.session.scalars(select(Announcement).where(Announcement.certificate_number == NUMBER)).one()
        assert line.kind == AnnouncementKind.FILED.value
        assert line.published_at.date() == date(2024, 9, 10)
        assert line.agency_name == "江门市江海区工业和信息化主管部门"


def test_what_came_over_is_counted_and_listed_where_its_project_is_built(
    portal: Portal, owner: Callable[..., None]
) -> None:
    owner()
    period = "issued_from=2024-01-01&issued_to=2024-12-31"
    for within, by, key in (("", "region", "440700"), ("&region=440700", "region", "440704")):
        told = portal.call("gx10", "GET", f"/statistics?by={by}&{period}{within}").get_json()
        assert [(line["key"], line["filings"]) for line in told["items"]] == [(key, 1)], within
    [line] = portal.call("gx10", "GET", f"/projects?region=440704&{period}").get_json()["items"]
    assert (line["certificate"], line["place"]) == (NUMBER, "江门市江海区")


def test_messages_at_the_beginning_can_be_left_out(portal: Portal, bring: Importer) -> None:
    before = rows(portal, OutgoingSms)
    assert bring([certificate(**LONG_TERM)], quiet=True)
    assert rows(portal, OutgoingSms) == before


# Accounts


def test_of_several_accounts_of_an_enterprise_one_is_active_until_they_are_merged(
    portal: Portal, bring: Importer
) -> None:
    people = [account(旧系统账号=name, 联系人=f"梁例{name}") for name in ("a", "b", "c")]
    people.append(account(旧系统账号="d", 企业名称="江门市星烁光电科技有限公司", 统一社会信用代码="91440704MAXXX0015F"))
    assert bring(people=people)
    assert "账号 4 个（其中待合并 3 个）" in bring.said
    with portal.app.app_context():
        users = {name: user_by_username(db.session(), name) for name in "abcd"}
        assert {name: user.active for name, user in users.items() if user} == {
            "a": True,
            "b": False,
            "c": False,
            "d": False,
        }
        assert len({user.enterprise_id for user in users.values() if user}) == 2
        assert users["a"] is not None
        assert users["a"].password_hash is None
        assert db.session.get_one(Enterprise, users["a"].enterprise_id).contact["name"] == "梁例a"


# What is refused


def test_every_problem_of_every_line_is_told_at_once_with_its_place_and_remedy(portal: Portal, bring: Importer) -> None:
    before = rows(portal, *EVERYTHING)
    people = [
        account(),
        account(企业名称="别的公司", 联系人手机号="12345"),
        account(旧系统账号="gx10", 统一社会信用代码="1"),
    ]
    papers = [
        certificate(备案证号="2.40704E+14", 项目代码="2103-440704-04-02-314720", 总投资="1000", 建设地点=""),
        certificate(签发日期="2024-13-01", 状态="有效期内", 备案机关="江海区发展局", 国民经济行业分类="9999"),
        certificate(备案证号="250704331130042", 是否新增产能="不", 项目资本金相关行业="矿业", 自有资金="五百"),
    ]
    found = bring.problems(papers, people)
    assert [(row[0].partition(".")[0], *row[1:4]) for row in found] == [
        ("accounts", "3", "旧系统账号", "与第 2 行的账号相同"),
        ("accounts", "3", "企业名称", "同一信用代码的企业名称为“江门市绿源金属制品有限公司”"),
        ("accounts", "3", "联系人手机号", "联系人手机号格式不正确"),
        ("accounts", "4", "旧系统账号", "系统中已有账号“gx10”，属于别的用户"),
        ("accounts", "4", "统一社会信用代码", "统一社会信用代码校验不通过"),
        ("certificates", "2", "建设地点", "没有填写「建设地点」"),
        ("certificates", "2", "备案证号", "备案证号应为 15 位数字，形如 210704397230008"),
        ("certificates", "2", "项目代码", "项目代码校验码不正确"),
        (
            "certificates",
            "2",
            "总投资",
            "「总投资」金额与「自有资金」、「国内贷款」、「股票债券」、「其他资金」的总额不相等，请检查",
        ),
        ("certificates", "3", "签发日期", "“2024-13-01”不是日期"),
        ("certificates", "3", "状态", "没有状态“有效期内”"),
        ("certificates", "3", "备案机关", "没有备案机关“江海区发展局”"),
        ("certificates", "3", "国民经济行业分类", "国民经济行业分类不存在"),
        ("certificates", "4", "签发日期", "备案证号的前两位为 25，签发日期在 2024 年"),
        ("certificates", "4", "是否新增产能", "“不”不是“是”或“否”"),
        ("certificates", "4", "自有资金", "「自有资金」金额格式不正确（万元，最多4位小数）"),
        ("certificates", "4", "项目资本金相关行业", "请填写「项目资本金相关行业」"),
    ]
    assert all(row[4] for row in found)
    assert "未通过检查：5 行" in bring.said
    assert rows(portal, *EVERYTHING) == before


def test_what_contradicts_itself_is_refused(bring: Importer) -> None:
    contradictions: list[tuple[dict[str, str], str, str]] = [
        (
            {"备案证号": "230704331130041", "签发日期": "2023-09-10"},
            "状态",
            "按签发日期、延期和开工时间，今天的状态应为“已失效”",
        ),
        ({"状态": "长期有效"}, "状态", "按签发日期、延期和开工时间，今天的状态应为“有效”"),
        ({"开工时间": "2025-03-01"}, "状态", "按签发日期、延期和开工时间，今天的状态应为“长期有效”"),
        ({"有效期至": "2027-09-10"}, "有效期至", "有效期应至 2026-09-10"),
        ({"状态": "已失效"}, "失效原因", "状态为已失效，没有填写失效原因"),
        ({"失效原因": "企业注销"}, "失效原因", "状态为有效，不应有失效原因"),
        (LONG_TERM | {"完工时间": "2025-02-01"}, "完工时间", "「项目完工时间」不能早于「项目开工时间」"),
        ({"计划竣工时间": "2026-04"}, "计划竣工时间", "「计划竣工时间」不能早于「计划开工时间」"),
        ({"统一社会信用代码": "1"}, "统一社会信用代码", "没有信用代码为“1”的企业"),
    ]
    papers = [
        certificate(**({"备案证号": f"24070433113{n:04d}"} | changes))
        for n, (changes, _, _) in enumerate(contradictions)
    ]
    assert [row[1:4] for row in bring.problems(papers)] == [
        [str(n), column, message] for n, (_, column, message) in enumerate(contradictions, 2)
    ]


def test_a_project_has_one_certificate_that_holds(portal: Portal, bring: Importer) -> None:
    draft = portal.draft()
    portal.submit(draft["id"])
    papers = [
        certificate(),
        certificate(备案证号="240704331130042"),
        certificate(备案证号="240704331130043", 状态="已失效", 失效原因="企业注销"),
        certificate(备案证号="240704331130044", 项目代码=draft["project_code"]),
        certificate(),
    ]
    assert [row[1:4] for row in bring.problems(papers)] == [
        ["3", "项目代码", "与第 2 行的项目代码相同，两份备案证都没有失效"],
        ["5", "项目代码", "该项目代码已有备案项目，不能重复申报"],
        ["6", "备案证号", "与第 2 行的备案证号相同"],
        ["6", "项目代码", "与第 2 行的项目代码相同，两份备案证都没有失效"],
    ]


# All of it, or nothing


def test_a_dry_run_says_what_would_happen_and_does_nothing(portal: Portal, bring: Importer) -> None:
    before = rows(portal, *EVERYTHING)
    assert bring([certificate()], dry_run=True)
    assert "可以导入：企业 1 家，账号 1 个（其中待合并 0 个），备案证 1 份" in bring.said
    assert "本次没有写入任何内容" in bring.said
    assert rows(portal, *EVERYTHING) == before


def test_the_lines_in_order_come_over_where_that_is_asked_for(portal: Portal, bring: Importer) -> None:
    papers = [certificate(), certificate(备案证号="240704331130042", 状态="")]
    assert not bring(papers, skip_refused=True)
    assert "已导入：" in bring.said
    assert "未通过检查：1 行" in bring.said
    with portal.app.app_context():
        assert list(db.session.scalars(select(Certificate.number))) == [NUMBER]


def test_importing_the_same_files_twice_changes_nothing_and_says_so(portal: Portal, bring: Importer) -> None:
    bring([certificate()])
    portal.settle()
    before = rows(portal, *EVERYTHING)
    assert bring([certificate()])
    assert "没有新的内容，未作任何更改" in bring.said
    assert "系统中已有，未作更改：2 行" in bring.said
    assert rows(portal, *EVERYTHING) == before


def test_another_certificate_of_a_number_that_is_here_is_refused(bring: Importer) -> None:
    bring([certificate()])
    [problem] = bring.problems([certificate(签发日期="2024-09-11")])
    assert problem[2:4] == [
        "备案证号",
        "系统中已有这个备案证号，属于信用代码为 91440704MAXXX00908 的企业，2024-09-10 签发",
    ]


def test_a_number_that_was_imported_is_never_allocated(portal: Portal, bring: Importer) -> None:
    assert bring([certificate(备案证号="260704331130002", 签发日期="2026-01-12")])
    with portal.app.app_context():
        agency = db.session.get_one(Agency, "A07")
        assert allocate_number(db.session(), agency, "3311", date(2026, 3, 2)) == "260704331130003"
        db.session.rollback()


def test_the_command_line_ends_with_1_where_a_line_is_refused(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", portal.app.extensions["jigai"].settings.database_url)
    monkeypatch.setenv("JIGAI_VAR", str(tmp_path))
    monkeypatch.setenv("JIGAI_DATA_KEY", portal.app.extensions["jigai"].settings.data_key.hex())
    file = old_system.write(tmp_path / "a.csv", [account(联系人="")])
    result = CliRunner().invoke(main, ["import-legacy", "--accounts", str(file), "--dry-run"])
    structlog.reset_defaults()
    assert result.exit_code == 1
    assert "a.csv 第 2 行「联系人」：没有填写「联系人」。按原始记录填写。" in result.output
    assert CliRunner().invoke(main, ["import-legacy"]).exit_code == 2


# What is seen of it


def test_pages_show_a_certificate_that_is_only_paper(
    portal: Portal, bring: Importer, client_of: Callable[[str], Visitor]
) -> None:
    people = [account(旧系统账号="e", 企业名称="江门市星烁光电科技有限公司", 统一社会信用代码="91440704MAXXX0015F")]
    assert bring([certificate(统一社会信用代码="91440704MAXXX0015F")], people)
    enterprise, official = client_of("ent01"), client_of("gx10")
    page = enterprise.read(f"/certificates/{NUMBER}")
    assert "旧系统签发的纸质备案证，没有电子文件" in page
    assert "由旧系统办理，本系统没有办理记录" in page
    assert "申请变更" in page
    assert "下载备案承诺声明" not in page
    assert "已校验" not in page
    assert f"/certificates/{NUMBER}/pdf" not in page + enterprise.read("/certificates") + enterprise.read("/archive")
    assert "纸质备案证" in enterprise.read("/archive")
    assert "申请变更" not in official.read(f"/certificates/{NUMBER}")
    assert "纸质备案证" in official.read(f"/verify?number={NUMBER}")
    refused = enterprise.get(f"/certificates/{NUMBER}/pdf")
    assert refused.status_code == 404
    assert "请使用纸质备案证原件" in refused.text


def test_the_interface_says_that_there_is_no_file(portal: Portal, owner: Callable[..., None]) -> None:
    owner()
    answer = portal.call("old", "GET", f"/certificates/{NUMBER}/pdf")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "certificate_on_paper")
    printed = portal.call("old", "GET", f"/filings/{told(portal)['filing_id']}").get_json()
    assert printed["instance_id"] is None
    assert printed["allowed_actions"] == []


# The reference


def test_the_reference_names_every_column_and_its_sample_can_be_imported(
    portal: Portal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "reference" / "legacy-import.md").read_text(encoding="utf-8")
    for column in (*accounts.COLUMNS, *certificates.COLUMNS):
        assert f"| {column.heading}{' *' if column.needed else ''} |" in page, column.heading
    samples = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    files = [tmp_path / name for name in ("accounts.csv", "certificates.csv")]
    for file, sample in zip(files, samples, strict=True):
        file.write_text(sample, encoding="utf-8")
    with portal.app.app_context():
        good = legacy.run(*files, dry_run=False, skip_refused=False, quiet=False, report=None)
    assert good, capsys.readouterr()
