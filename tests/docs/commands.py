"""The commands that a page tells a person to type."""

import re
import shlex

from pipelines import ROOT

DOCS = ROOT / "docs"


def commands_of(page: str, section: str = "") -> list[list[str]]:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    if section:
        text = text.partition(f"## {section}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for line in "".join(found).splitlines()]
