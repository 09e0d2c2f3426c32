"""The texts of short messages (domain §7). Each is one message: at most 70 characters, signature included.

No links, no personal data beyond the project's name. What a text names is cut to the lengths below, so that
no project's, enterprise's or agency's name can push a message over the limit.
"""

import re
from collections.abc import Mapping
from string import Formatter
from types import MappingProxyType

from engine.phrases import Phrase
from tasks.wording import shortened

SIGNATURE = "【广东技改监测】"
LONGEST = 70

# Placeholder → the most characters of its value that are sent, the … of a cut one included.
LENGTHS: Mapping[str, int] = MappingProxyType(
    {"e": 10, "p": 15, "k": 4, "d": 10, "n": 15, "a": 12, "y": 4, "h": 4, "g": 4, "w": 7}
)

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "e": "企业名称",
        "p": "项目名称",
        "k": "事项",
        "d": "日期",
        "n": "备案证号",
        "a": "备案机关",
        "y": "年度",
        "h": "备案证或核准批复",
        "g": "重新办理的事项",
        "w": "答复文书",
    }
)
"""What the placeholders stand for."""

TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        "S01": "{e}已提交“{p}”{k}，请在{d}前办结。",
        "S02": "“{p}”{k}已退回修改，请登录系统查看补正意见并重新提交。",
        "S03": "“{p}”{k}不予受理，原因请登录系统查看，可重新申报。",
        "S04": "“{p}”已备案，证号{n}，可登录系统下载电子备案证。",
        "S05": "“{p}”已备案，证号{n}，请到{a}办理盖章领证。",
        "S06": "“{p}”{k}已通过，请登录系统查看{w}。",
        "S07": "“{p}”{k}未通过，原因请登录系统查看。",
        "S08": "“{p}”延期已通过，{h}有效期至{d}，请按时开工并填报。",
        "S09": "“{p}”延期申请未通过，{h}有效期仍至{d}。",
        "S10": "{e}已注销“{p}”备案证，证号{n}。",
        "S11": "{a}已撤销“{p}”备案，备案证失效，详情请登录系统查看。",
        "S12": "“{p}”计划{d}开工，开工后请登录系统填报开工时间。",
        "S13": "“{p}”计划{d}完工，请登录系统填报开工时间和完工时间。",
        "S14": "再次提醒：“{p}”计划{d}完工，请及时登录系统填报完工时间。",
        "S15": "请于12月31日前登录系统填报“{p}”{y}年度进度报告。",
        "S16": "“{p}”{h}{d}到期，请填报开工时间或申请延期，逾期自动失效。",
        "S17": "“{p}”{h}已于{d}到期自动失效，如需建设请重新{g}。",
        "S18": "“{p}”{k}将于{d}超期，请尽快办理。",
        "S19": "{e}已撤回“{p}”{k}，无需办理。",
        "S20": "“{p}”核准申请已受理，法定办结日{d}。",
        "S21": "“{p}”核准申请材料需补正，请于{d}前登录系统补正。",
        "S22": "“{p}”已予以核准，请登录系统查看核准批复。",
        "S23": "“{p}”不予核准，请登录系统查看决定书及救济途径。",
        "S24": "账号合并已完成，请使用省统一身份认证账号登录技改监测系统。",
        "S25": "“{p}”备案机关已变更为贵单位，证号{n}，请登录系统查看。",
        "S26": "“{p}”开工时间已登记，{h}长期有效，请按年填报进度。",
    }
)

_LINK = re.compile(r"://|www\.|[a-z0-9-]+\.(?:com|cn|net|org|gov|top|vip)\b", re.IGNORECASE)

# Those that tell how long something holds give the whole date; for the others the day of the year is enough.
WITH_WHOLE_DATE = frozenset(("S08", "S09", "S16", "S17"))


def compose(template: str, text: str | None = None, **values: str) -> str:
    """The text of a message with its signature, ready to be sent; `text` where an administrator chose another wording.

    `values` by placeholder: e enterprise, p project, k 备案申报|备案变更|备案延期|项目核准|核准变更|核准延期, d date
    such as 8月3日, n certificate number, a agency, y year, h 备案证|核准批复, g 备案|申请核准, w paper that answers.
    Others beside those of the template do no harm.
    Raises KeyError for an unknown template or a placeholder without a value.
    """
    delivered = TEMPLATES[template]
    return SIGNATURE + (text or delivered).format_map(places(template, **values))


def places(template: str, **values: str) -> dict[str, str]:
    """What fills a template, cut as it is sent. Raises KeyError as `compose` does."""
    return {name: shortened(values[name], LENGTHS[name]) for name in sorted(placeholders(template))}


def placeholders(template: str) -> frozenset[str]:
    """The names that a template needs values for."""
    return frozenset(_names(TEMPLATES[template]))


def longest_length(text: str) -> int:
    """How many characters a message has with its signature where everything it names is as long as it may be."""
    return len(SIGNATURE) + len(text.format_map({name: "某" * length for name, length in LENGTHS.items()}))


def objections(template: str, text: str) -> list[str]:
    """What stands against sending a text for a template: a sentence for each thing that is wrong."""
    if not text.strip():
        return [Phrase("请填写短信内容。")]
    try:
        names, plain = _names(text), all(not spec and not how for _, _, spec, how in Formatter().parse(text))
    except ValueError:
        return [Phrase("花括号不成对，请核对。")]
    wanted = placeholders(template)
    if set(names) != wanted or not plain:
        shown = "、".join(f"{{{name}}}" for name in sorted(wanted)) or Phrase("（无）")
        return [Phrase("占位符应与原文相同：{placeholders}，不能增减或改写。", placeholders=shown)]
    wrong: list[str] = []
    if (length := longest_length(text)) > LONGEST:
        message = "最长会有 {length} 个字，超过一条短信的 {longest} 个字，请缩短 {excess} 个字。"
        wrong.append(Phrase(message, length=length, longest=LONGEST, excess=length - LONGEST))
    if _LINK.search(text):
        wrong.append(Phrase("短信不能有网址。"))
    if any(mark in text for mark in "【】\r\n"):
        wrong.append(Phrase("短信不能换行；签名{signature}由系统加在最前，正文不要写。", signature=SIGNATURE))
    return wrong


def _names(text: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]
