"""Every text of the interface stands in the catalogue, ready to be translated."""

import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

READ = ("web", "engine", "records", "tasks", "processes")
ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "web" / "translations" / "messages.pot"
ENGLISH = ROOT / "web" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
MARKED = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
TRANSLATED = re.compile(r"\{% trans.*?endtrans %\}", re.DOTALL)


def test_the_catalogue_holds_exactly_the_texts_of_code_and_templates(tmp_path: Path) -> None:
    fresh = tmp_path / "messages.pot"
    settings = [
        "-F",
        "web/translations/babel.cfg",
        "-k",
        "lazy_gettext",
        "--no-location",
        "--sort-output",
        "--omit-header",
    ]
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", *settings, "-o", str(fresh), *READ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert CATALOGUE.read_text() == fresh.read_text(), "run `make texts`"


def test_every_text_is_there_in_english_with_the_same_placeholders() -> None:
    asked = {message.id for message in read_po(BytesIO(CATALOGUE.read_bytes())) if message.id}
    given = {message.id: message for message in read_po(BytesIO(ENGLISH.read_bytes()), locale="en") if message.id}
    assert asked - given.keys() == set(), "run `make texts`, then translate what is empty"
    assert [text for text, message in given.items() if not message.string or message.fuzzy] == []
    differing = [
        text
        for text, message in given.items()
        if set(PLACEHOLDER.findall(str(text))) != set(PLACEHOLDER.findall(str(message.string)))
    ]
    assert differing == []


@pytest.mark.parametrize("template", sorted((ROOT / "web" / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_no_chinese_stands_in_a_template_outside_the_catalogue(template: Path) -> None:
    bare = MARKED.sub("", TRANSLATED.sub("", template.read_text()))
    assert not CHINESE.findall(bare), f"{template.name}: {[line for line in bare.splitlines() if CHINESE.search(line)]}"
