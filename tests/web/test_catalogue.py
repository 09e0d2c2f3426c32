"""Every text of the interface stands in the catalogue, ready to be translated."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "web" / "translations" / "messages.pot"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
MARKED = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
TRANSLATED = re.compile(r"\{% trans.*?endtrans %\}", re.DOTALL)


def test_the_catalogue_holds_exactly_the_texts_of_code_and_templates(tmp_path: Path) -> None:
    fresh = tmp_path / "messages.pot"
    settings = ["-F", "web/translations/babel.cfg", "--no-location", "--sort-output", "--omit-header"]
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", *settings, "-o", str(fresh), "web"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert CATALOGUE.read_text() == fresh.read_text(), "run `make texts`"


@pytest.mark.parametrize("template", sorted((ROOT / "web" / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_no_chinese_stands_in_a_template_outside_the_catalogue(template: Path) -> None:
    bare = MARKED.sub("", TRANSLATED.sub("", template.read_text()))
    assert not CHINESE.findall(bare), f"{template.name}: {[line for line in bare.splitlines() if CHINESE.search(line)]}"
