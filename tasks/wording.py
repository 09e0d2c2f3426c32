"""How figures and days are written for people, on papers, in messages and beside fields."""

from datetime import date
from decimal import Decimal

from engine.phrases import Phrase


def grouped(amount: Decimal) -> str:
    """A sum with grouped thousands, at most four decimals and no zeros at the end: 3300.50 → 3,300.5."""
    text = f"{amount:,.4f}"
    return text.rstrip("0").rstrip(".")


def percent(ratio: Decimal) -> str:
    """0.35 → 35%, 0.125 → 12.5%."""
    return f"{grouped(ratio * 100)}%"


def long_date(day: date) -> str:
    """2021年07月29日, as papers write it."""
    return f"{day:%Y}年{day:%m}月{day:%d}日"


def month_day(day: date) -> str:
    """7月29日, as messages write it."""
    return f"{day.month}月{day.day}日"


def ruled(message: str, **values: str) -> Phrase:
    """What a decision table says, which joined it from texts and these values: 备案证只能延期一次, with `noun`."""
    pattern = message.replace("{", "{{").replace("}", "}}")
    for name, value in values.items():
        pattern = pattern.replace(value, f"{{{name}}}")
    return Phrase(pattern, **values)


def shortened(text: str, length: int) -> str:
    """The text, or where it has more than `length` characters its beginning with …, `length` in all."""
    return text if len(text) <= length else text[: length - 1] + "…"
