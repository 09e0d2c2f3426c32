"""Formats and check digits of the field's codes (domain §4). Pure functions; texts are taken as typed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

GUANGDONG = "44"
TECHNICAL_RENOVATION = "02"  # 项目类型代码 of GB/T 40058-2021
MAX_JOBS = 999_999

_PROJECT_CODE = re.compile(r"(\d{4})-(\d{6})-(\d{2})-(\d{2})-(\d{6})", re.ASCII)
_LEGACY_YEARS = range(2015, 2021)  # Guangdong changed to the new codes by the end of November 2020

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC = re.compile(f"[{_USCC_ALPHABET}]{{18}}", re.ASCII)
_ORGANISATION_CODE = re.compile(r"[0-9A-Z]{8}[0-9X]", re.ASCII)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

_RESIDENT_ID = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
_RESIDENT_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_ID_CHECKS = "10X98765432"
_OVERSEAS_RESIDENT_REGIONS = ("810000", "820000", "830000")  # Hong Kong, Macao, Taiwan

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_FIXED_LINE = re.compile(r"0\d{2,3}-?\d{7,8}(-\d{1,6})?", re.ASCII)
_AMOUNT = re.compile(r"\d{1,8}(\.\d{1,4})?", re.ASCII)
_AREA = re.compile(r"\d{1,10}(\.\d{1,2})?", re.ASCII)
_CERTIFICATE_NUMBER = re.compile(r"\d{2}\d{4}\d{4}[123]\d{4}", re.ASCII)


# ---- project code 项目代码, §4.1 ----


@dataclass(frozen=True)
class ProjectCode:
    """A well-formed project code, in its parts. `legacy` ones (2015 to 2020) have no check digit, and say
    nothing of the project's type in the sense of today."""

    text: str
    time: str
    region: str
    department: str
    type: str
    serial: str
    legacy: bool

    @property
    def check_digit_right(self) -> bool:
        """Whether the last digit is the one the others call for; always of a legacy code."""
        digits = self.text.replace("-", "")
        return self.legacy or project_code_check_digit(digits[:-1]) == int(digits[-1])

    @property
    def technical_renovation(self) -> bool:
        """Whether the code does not say that the project is of another type than 技术改造."""
        return self.legacy or self.type == TECHNICAL_RENOVATION

    @property
    def in_guangdong(self) -> bool:
        return self.region.startswith(GUANGDONG)


def parse_project_code(text: str) -> ProjectCode | None:
    """The code in its parts, or None where it has not the form of one.

    The first four digits are YYMM in a new code and a year in a legacy one; they cannot be mistaken, because
    no month is 15 to 20.
    """
    match = _PROJECT_CODE.fullmatch(text)
    if match is None:
        return None
    time, region, department, kind, serial = match.groups()
    legacy = int(time) in _LEGACY_YEARS
    if not legacy and not 1 <= int(time[2:]) <= 12:
        return None
    return ProjectCode(text, time, region, department, kind, serial, legacy)


def project_code_check_digit(digits: str) -> int:
    """ISO 7064 MOD 11,10 over the 19 digits before the check digit."""
    product = 10
    for digit in digits:
        total = (product + int(digit)) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10


# ---- enterprises and people, §4.2, §4.3, §5.4 ----


def uscc_valid(text: str) -> bool:
    """统一社会信用代码, GB 32100-2015: alphabet and check character."""
    if _USCC.fullmatch(text) is None:
        return False
    total = sum(_USCC_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(text[:17]))
    return text[17] == _USCC_ALPHABET[-total % 31]


def organisation_code_valid(uscc: str) -> bool:
    """Whether the organisation code inside a USCC has its own check digit right (GB 11714). Old ones are
    known not to: a reason to warn, never to refuse."""
    code = uscc[8:17]
    if _ORGANISATION_CODE.fullmatch(code) is None:
        return False
    total = sum(int(char, 36) * weight for char, weight in zip(code, _ORGANISATION_WEIGHTS, strict=False))
    return code[8] == "0123456789X"[-total % 11]


def resident_id_valid(text: str) -> bool:
    """居民身份证号 of 18 characters, GB 11643-1999: birth date and check character."""
    if _RESIDENT_ID.fullmatch(text) is None or birth_date(text) is None:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _RESIDENT_ID_WEIGHTS, strict=False))
    return text[17] == _RESIDENT_ID_CHECKS[total % 11]


def birth_date(resident_id: str) -> date | None:
    """The birth date in a resident ID, or None where the calendar has no such day."""
    try:
        return date(int(resident_id[6:10]), int(resident_id[10:12]), int(resident_id[12:14]))
    except ValueError:
        return None


def _overseas_resident_id_valid(text: str) -> bool:
    return text.startswith(_OVERSEAS_RESIDENT_REGIONS) and resident_id_valid(text)


def _foreigner_id_valid(text: str) -> bool:
    """外国人永久居留身份证: the card before 2023, or the one since, which has 18 characters from a 9 on."""
    return re.fullmatch(r"[A-Z]{3}\d{12}", text, re.ASCII) is not None or (
        text.startswith("9") and resident_id_valid(text)
    )


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


@dataclass(frozen=True)
class IdType:
    """A type of identity document: its code, its name, and what its numbers look like."""

    code: str
    name: str
    valid: Callable[[str], bool]

    @property
    def label(self) -> str:
        """How a form says it: "111 居民身份证"."""
        return f"{self.code} {self.name}"


ID_TYPES = {
    kind.code: kind
    for kind in (
        IdType("111", "居民身份证", resident_id_valid),
        IdType("516", "港澳居民来往内地通行证", _matches(r"[HM]\d{8}(\d{2})?")),
        IdType("511", "台湾居民来往大陆通行证", _matches(r"\d{8}|\d{10}[A-Z]?")),
        IdType("414", "护照", _matches(r"[A-Z0-9]{5,15}")),
        IdType("553", "外国人永久居留身份证", _foreigner_id_valid),
        # The next code is our own: the two residence permits have none in the lists at hand.
        IdType("554", "港澳台居民居住证", _overseas_resident_id_valid),
        IdType("114", "军官证", _matches(r"\S{4,30}")),
        IdType("990", "其他", _matches(r"\S{1,30}")),
    )
}


def identity_valid(id_type: str, number: str) -> bool:
    """Whether a number suits its document's type, a code or "code name"; False for unknown types."""
    kind = ID_TYPES.get(id_type.partition(" ")[0])
    return kind is not None and kind.valid(number)


def mobile_valid(text: str) -> bool:
    return _MOBILE.fullmatch(text) is not None


def phone_valid(text: str) -> bool:
    """A mobile number or a fixed line with its area code."""
    return mobile_valid(text) or _FIXED_LINE.fullmatch(text) is not None


# ---- quantities, §4.5 ----


def parse_amount(value: object) -> Decimal | None:
    """An amount in 万元 (or 万美元): text or whole number, not negative, at most four decimals and
    99,999,999.9999; None for anything else. Floats are refused: they are not what was typed."""
    return _decimal(value, _AMOUNT)


def parse_area(value: object) -> Decimal | None:
    """An area in m² with at most two decimals; None for anything else."""
    return _decimal(value, _AREA)


def jobs_valid(value: object) -> bool:
    """A number of jobs: a whole number up to 999,999."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_JOBS


def amount_text(amount: Decimal) -> str:
    """The amount as a form keeps it: no exponent, no zeros at the end."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(number: Decimal | int, places: int) -> Decimal:
    """A number with so many decimals, zeros included, as people round: a half goes away from zero. Never minus zero."""
    return Decimal(number).quantize(Decimal(10) ** -places, ROUND_HALF_UP) + 0


def certificate_number_valid(text: str) -> bool:
    """备案证号: YY, agency, class, level, serial; fifteen digits without a check digit (§4.4)."""
    return _CERTIFICATE_NUMBER.fullmatch(text) is not None


def _decimal(value: object, pattern: re.Pattern[str]) -> Decimal | None:
    if isinstance(value, Decimal):
        text = amount_text(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    elif isinstance(value, str):
        text = value
    else:
        return None
    return Decimal(text) if pattern.fullmatch(text) else None
