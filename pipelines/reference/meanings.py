"""Where the pages of docs/ tell what a word of a feed means."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pipelines import ROOT

PAGES = (
    *("feeds", "sources", "mapping", "exports", "duplicates", "ids", "members", "preview"),
    *("triggers", "runs", "alerts"),
)
"""Those that have words of a feed, the most likely first."""


@dataclass(frozen=True)
class Place:
    """A row of a table, or a line, that names words. Its section is told by title and anchor."""

    page: str
    title: str
    words: frozenset[str]
    is_row: bool


def find_meaning(path: str, word: str) -> str:
    """Link to the section that tells best what a word of a block means; empty where none does.

    Args:
        path: of the block, such as `source.limits`; empty at the top of a feed.
        word: in it.
    """
    parts = path.split(".") if path else []
    wholes = {f"{path}.{word}", f"{parts[-1]}.{word}"} if parts else set()
    best, score = None, 0
    for place in _places():
        if not {word, *wholes} & place.words:
            continue
        titled = {*re.findall(r"\w+", place.title)}
        fits = any(part in titled or place.page.startswith(part) for part in parts)
        own = place.title == word and not parts
        here = 1 + 8 * bool(wholes & place.words) + 4 * fits + 2 * place.is_row + 4 * own
        if here > score:
            best, score = place, here
    if best is None:
        return ""
    return f"[{best.page}]({best.page}.md#{_anchor(best.title)})"


@cache
def _places() -> tuple[Place, ...]:
    return tuple(place for page in PAGES for place in _read(page))


def _read(page: str) -> Iterator[Place]:
    title, fenced = "", False
    for line in (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and line.startswith("#"):
            title = line.lstrip("# ").strip()
            yield Place(page, title, frozenset([title]), is_row=False)
        elif not fenced and title:
            is_row = line.startswith("| `")
            for told, first in ((line.split(" | ")[0], is_row), (line, False)):
                words = frozenset(re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)", told))
                if words:
                    yield Place(page, title, words, first)


def _anchor(title: str) -> str:
    """Name a heading as Markdown does."""
    kept = "".join(c for c in title.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")
