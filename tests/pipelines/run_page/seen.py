"""What a reader of a page sees."""

import re
from pathlib import Path


def told(page: Path) -> str:
    """Give what a reader sees, without tags."""
    text = page.read_text(encoding="utf-8")
    body = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))
