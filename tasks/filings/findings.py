"""What examining a form finds."""

from dataclasses import dataclass

from engine.errors import FieldError


@dataclass(frozen=True)
class Finding(FieldError):
    """A complaint about one field. `message` is the fixed sentence of the rule, `detail` the figures or the
    reason that follow it (四项合计 1,400 万元，相差 100 万元), without a full stop; often empty."""

    detail: str = ""


def error(field: str, code: str, message: str, detail: str = "") -> Finding:
    """A finding that forbids submitting."""
    return Finding(field=field, code=code, message=message, detail=detail, severity="error")


def warning(field: str, code: str, message: str, detail: str = "") -> Finding:
    """A finding that the applicant should see; submitting stays allowed."""
    return Finding(field=field, code=code, message=message, detail=detail, severity="warning")


@dataclass(frozen=True)
class Hint:
    """What a rule says of a field that is in order or still open: the figures it works with. `kept`: it is met."""

    field: str
    message: str
    kept: bool = False
