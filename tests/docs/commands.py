"""The commands that a page tells a person to type."""

import re
import shlex

from pipelines import ROOT

DOCS = ROOT / "docs"
PAGES = {page.stem: page for page in [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]}
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def commands_of(page: str, section: str = "") -> list[list[str]]:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    if section:
        text = text.partition(f"## {section}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for line in "".join(found).splitlines()]


def typed_on(page: str) -> list[str]:
    """Give what the fences of a page say to type: lines of `sh`, and those behind `$` or `#`."""
    found = []
    for language, block in _FENCE.findall(PAGES[page].read_text(encoding="utf-8")):
        lines = block.replace("\\\n", " ").splitlines()
        if language == "sh":
            found += lines
        elif language in {"", "console"}:
            found += [line[2:] for line in lines if line.startswith(("$ ", "# "))]
    return [re.sub(r"\s+", " ", line).strip() for line in found if line.strip()]
