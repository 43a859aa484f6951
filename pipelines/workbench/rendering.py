"""The pages as HTML: templates filled, every text escaped, in the style that all pages share."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from pipelines.pages import make_html
from pipelines.progress import several

__all__ = ["show"]

HERE = Path(__file__).parent / "templates"
STEPS = (("columns", "Columns", ""), ("check", "Check", "/check"), ("save", "Save", "/save"),
         ("plan", "Dry run", "/plan"), ("load", "Load", "/load"))  # fmt: skip


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["steps"] = STEPS
    made.globals["several"] = several
    made.filters["count"] = lambda number: f"{number:,}"
    made.filters["percent"] = lambda s: f"{s:.0f} %" if s >= 10 or not s else f"{s:.2g} %"
    return made


@cache
def _style() -> str:
    return (HERE / "style.css").read_text(encoding="utf-8")


def show(
    page: str,
    title: str,
    status: int = 200,
    **facts: Any,  # noqa: ANN401  (what the template names)
) -> HTMLResponse:
    """Fill a page.

    Args:
        page: the template's name.
        title: of the page, as text.
        status: of the answer.
        facts: what the template names.
    """
    body = _templates().get_template(f"{page}.html").render(**facts)
    return HTMLResponse(make_html(title, body, _style()), status)
