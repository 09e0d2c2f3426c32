"""The vectors of domain §4."""

from decimal import Decimal

import pytest

from records import formats


@pytest.mark.parametrize(
    "code",
    [
        "2103-440704-04-02-314723",
        "2108-441900-04-02-904805",
        "2305-440118-04-01-992633",
        "2106-440100-04-01-237448",
        "2304-441900-04-01-135254",
        "2211-441900-04-02-310151",
        "2304-441900-04-01-254812",
    ],
)
def test_the_check_digit_of_every_real_project_code_at_hand_is_right(code: str) -> None:
    parsed = formats.parse_project_code(code)
    assert parsed is not None
    assert parsed.check_digit_right


def test_a_project_code_comes_apart() -> None:
    code = formats.parse_project_code("2103-440704-04-02-314723")
    assert code is not None
    assert (code.time, code.region, code.department, code.type) == ("2103", "440704", "04", "02")
    assert not code.legacy
    assert code.in_guangdong
    assert code.technical_renovation


def test_any_changed_last_digit_of_a_project_code_is_noticed() -> None:
    wrong = [formats.parse_project_code(f"2103-440704-04-02-31472{digit}") for digit in "012456789"]
    assert not any(code is None or code.check_digit_right for code in wrong)


def test_a_project_code_of_another_type_is_told_apart() -> None:
    code = formats.parse_project_code("2305-440118-04-01-992633")
    assert code is not None
    assert not code.technical_renovation


@pytest.mark.parametrize("year", range(2015, 2021))
def test_a_legacy_project_code_is_taken_by_its_form_alone(year: int) -> None:
    code = formats.parse_project_code(f"{year}-440604-38-03-012345")
    assert code is not None
    assert code.legacy
    assert code.check_digit_right
    assert code.technical_renovation


def test_december_2020_is_a_month_of_the_new_form_and_not_a_legacy_year() -> None:
    code = formats.parse_project_code("2012-441900-04-02-000713")
    assert code is not None
    assert not code.legacy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2113-440704-04-02-314723",
        "2100-440704-04-02-314723",
        "2014-440604-38-03-012345",
        "21034407040402314723",
        "2103-440704-04-02-31472",
        "2103-440704-04-02-314723\n",
        "２１０３-440704-04-02-314723",
    ],
)
def test_what_is_not_a_project_code_is_none(text: str) -> None:
    assert formats.parse_project_code(text) is None


@pytest.mark.parametrize(
    ("uscc", "valid"),
    [
        ("91350100M000100Y43", True),
        ("9144030071526726XG", True),
        ("91350100M000100Y4A", False),
        ("91350100M000100Y4", False),
        ("91350100m000100y43", False),
        ("9135010OM000100Y43", False),
        ("", False),
    ],
)
def test_a_uscc_is_valid_by_its_check_character(uscc: str, valid: bool) -> None:
    assert formats.uscc_valid(uscc) is valid


def test_an_organisation_code_inside_a_uscc_has_its_own_check_character() -> None:
    assert formats.organisation_code_valid("9144030071526726XG")
    assert not formats.organisation_code_valid("91440300715267261G")


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("11010519491231002X", True),
        ("440524188001010014", True),
        ("440524188001010015", False),
        ("110105194913310023", False),
        ("110105491231002", False),
        ("11010519491231002x", False),
    ],
)
def test_a_resident_id_is_valid_by_check_character_and_birth_date(number: str, valid: bool) -> None:
    assert formats.resident_id_valid(number) is valid


@pytest.mark.parametrize(
    ("id_type", "number", "valid"),
    [
        ("111 居民身份证", "11010519491231002X", True),
        ("111", "H09876543", False),
        ("516 港澳居民来往内地通行证", "H09876543", True),
        ("516", "H0987654301", True),
        ("516", "T09876543", False),
        ("511", "12345678", True),
        ("414", "E12345678", True),
        ("414", "护照", False),
        ("553", "ABC123456789012", True),
        ("553", "AB1234567890123", False),
        ("554", "11010519491231002X", False),
        ("990", "X-1", True),
        ("999", "X-1", False),
        ("", "", False),
    ],
)
def test_an_identity_number_is_checked_by_the_type_of_its_document(id_type: str, number: str, valid: bool) -> None:
    assert formats.identity_valid(id_type, number) is valid


@pytest.mark.parametrize(
    ("text", "mobile", "phone"),
    [
        ("13800138000", True, True),
        ("12800138000", False, False),
        ("1380013800", False, False),
        ("0750-3123456", False, True),
        ("02012345678-801", False, True),
        ("3123456", False, False),
    ],
)
def test_a_legal_representative_may_have_a_fixed_line_where_a_contact_may_not(
    text: str, mobile: bool, phone: bool
) -> None:
    assert formats.mobile_valid(text) is mobile
    assert formats.phone_valid(text) is phone


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("0", Decimal(0)),
        ("720.5", Decimal("720.5")),
        ("99999999.9999", Decimal("99999999.9999")),
        (720, Decimal(720)),
        (Decimal("1.5000"), Decimal("1.5")),
        ("100000000", None),
        ("1.00001", None),
        ("-1", None),
        ("1e3", None),
        ("NaN", None),
        (" 1", None),
        (1.5, None),
        (True, None),
        (None, None),
    ],
)
def test_an_amount_is_a_decimal_of_four_places_and_never_a_float(value: object, amount: Decimal | None) -> None:
    assert formats.parse_amount(value) == amount


def test_an_amount_is_written_without_zeros_at_its_end() -> None:
    assert [formats.amount_text(Decimal(text)) for text in ("700", "0.50", "1E+3", "0")] == [
        "700",
        "0.5",
        "1000",
        "0",
    ]


def test_areas_have_two_decimals_and_jobs_none() -> None:
    assert formats.parse_area("12.34") == Decimal("12.34")
    assert formats.parse_area("12.345") is None
    assert formats.jobs_valid(999_999)
    assert not any(map(formats.jobs_valid, (1_000_000, -1, "12", True, 1.0)))


@pytest.mark.parametrize("number", ["210706442020300", "217332153020263", "211027463030293"])
def test_a_certificate_number_has_fifteen_digits_and_a_level(number: str) -> None:
    assert formats.certificate_number_valid(number)
    assert not formats.certificate_number_valid(number[:10] + "4" + number[11:])
    assert not formats.certificate_number_valid(number[:-1])
