"""Making the page of a run, and writing it beside the run's summary."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from pipelines.pages import make_html
from pipelines.run_page import NoRun, charts, funnel, page_of, rejects
from pipelines.run_page.load import body_of_load
from pipelines.run_page.parts import moment, seconds, table
from pipelines.run_page.verdicts import judge
from pipelines.runs import SUMMARY, Summary, now, read_summary, write_private
from pipelines.settings import state_dir

__all__ = ["make_page", "write"]

_STYLE = (
    """
:root { --warn: light-dark(#8a5600, #e3b341); --accent: light-dark(#2f6fde, #6ea8ff); }
.warn { color: var(--warn); }
.verdict { font-size: 1.15rem; font-weight: 600; margin: 1rem 0 .3rem; }
h1, h2, h3, p, li { overflow-wrap: anywhere; }
code, pre { font: 13px/1.6 ui-monospace, monospace; }
pre { margin: .4rem 0; white-space: pre-wrap; overflow-wrap: anywhere;
  border: 1px solid var(--line); border-radius: 4px; padding: .5rem .7rem; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr));
  gap: 1rem 2rem; align-items: start; }
.text { white-space: normal; overflow-wrap: break-word; } .narrow table { width: auto; }
 section { margin-top: 3rem; }
section > h2:first-child { font-size: 1.4rem; border-top: 1px solid var(--line);
  padding-top: 1.5rem; } footer { margin: 3rem 0 1rem; }
@media (max-width: 44rem) { body { margin: 1.2rem auto; padding: 0 1rem; }
  th, td { padding: .25rem .3rem; white-space: normal; } .wide { font-size: .86rem; }
  .stack thead { display: none; } .stack table, .stack tbody, .stack tr { display: block; }
  .stack tr { border-bottom: 1px solid var(--line); padding: .45rem 0; }
  .stack td { display: inline-block; border: 0; padding: 0 .9rem 0 0; text-align: left; }
  .stack td:first-child { display: block; font-weight: 600; } .stack td:empty { display: none; }
  .stack td[data-label]::before { content: attr(data-label) " "; color: var(--quiet); } }
"""
    + charts.STYLE
    + funnel.STYLE
    + rejects.STYLE
)


def write(run_id: str, feed: str = "") -> Path:
    """Write the page; see `pipelines.run_page.write_page`."""
    found = _summaries(run_id, feed)
    path = page_of(run_id, found[0].feed if len(found) == 1 else "")
    write_private(path, make_page(found))
    return path


def _summaries(run_id: str, feed: str) -> list[Summary]:
    folder = state_dir() / "runs" / run_id
    names = [feed] if feed else [path.parent.name for path in folder.glob(f"*/{SUMMARY}")]
    found = [summary for name in names if (summary := read_summary(run_id, name))]
    if not found:
        of = f" of {feed}" if feed else ""
        raise NoRun(f"there is no run {run_id}{of}; see: loyalty-etl runs list")
    return sorted(found, key=lambda one: (one.started, one.feed))


def make_page(summaries: Sequence[Summary]) -> str:
    """Write the page of one run, of one feed or of several."""
    first = summaries[0]
    if len(summaries) == 1:
        title, body = f"{first.feed}, run {first.run_id[:8]}", "".join(_body(first))
    else:
        title = f"Run {first.run_id[:8]}: {len(summaries)} feeds"
        sections = (
            f'<section id="{escape(one.feed)}"><h2>{escape(one.feed)}</h2>\n'
            f"{''.join(_body(one)).replace('<h3>', '<h4>').replace('<h2>', '<h3>')}</section>\n"
            for one in summaries
        )
        body = _overview(summaries) + "".join(sections)
    made = f'<footer class="quiet">Run {escape(first.run_id)}. Made {moment(now())}.</footer>\n'
    return make_html(title, body + made, _STYLE)


def _overview(summaries: Sequence[Summary]) -> str:
    rows = [
        (
            *(one.feed, judge(one)[1], f"{one.records:,}", f"{one.accepted_records:,}"),
            *(f"{one.rejected_records:,}", seconds(one.seconds)),
        )
        for one in summaries
    ]
    heads = ("feed", "ended", "read", "accepted", "rejected", "took")
    return table(heads, rows, texts=2)


def _body(summary: Summary) -> Iterator[str]:
    way, line = judge(summary)
    yield f'<p class="verdict {way}">{escape(line)}</p>\n'
    if summary.error:
        yield f'<p class="{way}">{escape(summary.error)}</p>\n'
    if summary.kind == "load":
        yield from body_of_load(summary)
        return
    from pipelines.run_page.export import body_of_export  # noqa: PLC0415  (pyarrow: 50 MB)

    yield from body_of_export(summary)
