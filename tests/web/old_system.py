"""Files as the old system's offices hand them over."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

ACCOUNT = {
    "旧系统账号": "jm_lvyuan",
    "企业名称": "江门市绿源金属制品有限公司",
    "统一社会信用代码": "91440704MAXXX00908",
    "联系人": "梁例一",
    "联系人手机号": "19400000090",
}
"""A line of the file of accounts; the enterprise is not in the sample."""

CERTIFICATE = {
    "备案证号": "240704331130041",
    "项目代码": "2019-440704-33-03-012345",
    "项目名称": "金属结构生产线节能技术改造项目",
    "建设地点": "江门市江海区礼乐街道示例路9号",
    "统一社会信用代码": ACCOUNT["统一社会信用代码"],
    "备案机关": "0704",
    "签发日期": "2024-09-10",
    "状态": "有效",
    "建设性质": "技术改造",
    "建设规模及内容": "更换热处理设备两台，改造喷涂线一条。",
    "计划开工时间": "2026-05-01",
    "计划竣工时间": "2027-06",
    "总投资": "900",
    "土建、公用工程及其他投资": "200",
    "设备及技术投资": "700",
    "进口设备用汇": "0",
    "自有资金": "500",
    "国内贷款": "400",
    "股票债券": "0",
    "其他资金": "0",
}
"""A line of the file of certificates: one that holds on the portal's first day, without what may be left out."""

Line = Mapping[str, str]


def account(**changes: str) -> dict[str, str]:
    return {**ACCOUNT, **changes}


def certificate(**changes: str) -> dict[str, str]:
    return {**CERTIFICATE, **changes}


def write(path: Path, lines: Sequence[Line], encoding: str = "utf-8") -> Path:
    """A CSV file with the columns that any of the lines has."""
    headings = list(dict.fromkeys(heading for line in lines for heading in line))
    text = StringIO(newline="")
    writer = csv.DictWriter(text, headings)
    writer.writeheader()
    writer.writerows(lines)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def many(lines: int) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """As many certificates as asked for, of a fifth as many enterprises, of every status."""
    enterprises = max(1, lines // 5)
    people = [
        account(旧系统账号=f"old{n}", 企业名称=f"江门市示例{n}制造有限公司", 统一社会信用代码=uscc(n))
        for n in range(enterprises)
    ]
    lives: list[dict[str, str]] = [
        {},
        {"状态": "长期有效", "开工时间": "2025-03-01"},
        {"状态": "长期有效", "开工时间": "2025-03-01", "完工时间": "2025-12-20", "完工情况说明": "已完工"},
        {"状态": "已失效", "失效原因": "企业注销"},
    ]
    papers = [
        certificate(
            备案证号=f"24{'0704' if n % 2 else '0605'}3311{3}{n:04d}",
            备案机关="0704" if n % 2 else "0605",
            项目代码=f"2019-440704-33-03-{n:06d}",
            统一社会信用代码=uscc(n % enterprises),
            项目名称=f"第{n}条生产线技术改造项目",
            **lives[n % 4],
        )
        for n in range(lines)
    ]
    return people, papers


_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc(n: int) -> str:
    """A code of nobody's with its check character right."""
    body = f"91440704MAX{n:05d}X"
    total = sum(_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(body))
    return body + _ALPHABET[-total % 31]
