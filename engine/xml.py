"""Bytes to an XML tree, safely: no entities, no DOCTYPE, no network, bounded depth and size (design §3.6)."""

from typing import Any, TypeAlias

from lxml import etree

from engine.problems import Problem, problem

LARGEST = 5_000_000
"""Bytes of one file, at most."""

DEEPEST = 200
"""Elements inside each other, at most."""

Element: TypeAlias = Any
"""An lxml element; lxml is published without types."""


def parse(content: bytes, file: str) -> tuple[Element | None, list[Problem]]:
    """The root element of `content` in whatever encoding it declares, or None and the problem that prevents it."""
    if len(content) > LARGEST:
        return None, [problem("file_too_large", file=file, limit=LARGEST // 1_000_000)]
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        if (error.msg or "").startswith("Excessive depth"):  # libxml2's own limit, which is above ours
            return None, [problem("too_deep", file=file, line=error.lineno or 1, limit=DEEPEST)]
        return None, [problem("not_xml", file=file, line=error.lineno or 1)]
    except ValueError:
        return None, [problem("not_xml", file=file, line=1)]
    if root.getroottree().docinfo.doctype:
        return None, [problem("doctype", file=file, line=1)]
    if _depth(root) > DEEPEST:
        return None, [problem("too_deep", file=file, line=1, limit=DEEPEST)]
    return root, []


def local_name(element: Element) -> str:
    """The tag without its namespace."""
    name: str = etree.QName(element).localname
    return name


def namespace(element: Element) -> str | None:
    space: str | None = etree.QName(element).namespace
    return space


def _depth(root: Element) -> int:
    deepest = depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest
