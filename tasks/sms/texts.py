"""The texts of short messages (domain §7). Each is one message: at most 70 characters, signature included.

No links, no personal data beyond the project's name. What a text names is cut to the lengths below, so that
no project's, enterprise's or agency's name can push a message over the limit.
"""

from collections.abc import Mapping
from string import Formatter
from types import MappingProxyType

from tasks.wording import shortened

SIGNATURE = "【广东技改监测】"
LONGEST = 70

# Placeholder → the most characters of its value that are sent, the … of a cut one included.
LENGTHS: Mapping[str, int] = MappingProxyType({"e": 10, "p": 15, "k": 4, "d": 6, "n": 15, "a": 12})

TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        "S01": "{e}已提交“{p}”{k}，请在{d}前办结。",
        "S02": "“{p}”{k}已退回修改，请登录系统查看补正意见并重新提交。",
        "S03": "“{p}”{k}不予受理，原因请登录系统查看，可重新申报。",
        "S04": "“{p}”已备案，证号{n}，可登录系统下载电子备案证。",
        "S05": "“{p}”已备案，证号{n}，请到{a}办理盖章领证。",
    }
)


def compose(template: str, **values: str) -> str:
    """The text of a message with its signature, ready to be sent.

    `values` by placeholder: e enterprise, p project, k 备案申报|备案变更|备案延期|项目核准, d date such as
    8月3日, n certificate number, a agency. Others beside those of the template do no harm.
    Raises KeyError for an unknown template or a placeholder without a value.
    """
    text = TEMPLATES[template]
    cut = {name: shortened(values[name], LENGTHS[name]) for name in placeholders(template)}
    return SIGNATURE + text.format_map(cut)


def placeholders(template: str) -> frozenset[str]:
    """The names that a template needs values for."""
    return frozenset(name for _, name, _, _ in Formatter().parse(TEMPLATES[template]) if name)
