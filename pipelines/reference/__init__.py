"""The pages of docs/ that are made of the program itself, so that they cannot differ from it.

`python -m pipelines.reference` writes them anew; a test holds them against the program.
"""

from collections.abc import Mapping
from pathlib import Path

from pipelines import ROOT
from pipelines.reference.code_tables import code_tables
from pipelines.reference.command_page import command_page
from pipelines.reference.feed_page import feed_page

__all__ = ["made_pages", "write_pages"]

DOCS = ROOT / "docs"
MARK = "<!-- made of the program: python -m pipelines.reference -->\n"
"""What follows it in a page is made; what stands before is written by hand."""


def made_pages() -> Mapping[Path, str]:
    """Give the pages as they should be, whole."""
    made = {"errors": code_tables, "reference-cli": command_page, "reference-feeds": feed_page}
    pages = {}
    for name, make in made.items():
        page = DOCS / f"{name}.md"
        prose, mark, _ = page.read_text(encoding="utf-8").partition(MARK)
        assert mark, f"{page} lacks the line {MARK}"
        pages[page] = f"{prose}{MARK}\n" + "\n".join(make()) + "\n"
    return pages


def write_pages() -> None:
    """Put what is made into the pages, in place of what is there."""
    for page, text in made_pages().items():
        page.write_text(text, encoding="utf-8")
