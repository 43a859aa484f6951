"""What was not taken, by cause: what a person can do about it stands beside it."""

from html import escape
from pathlib import Path

from pipelines.progress import several
from pipelines.run_page.causes import VALUES, Refusal, read_causes, read_refusals
from pipelines.run_page.parts import percent, table
from pipelines.runs import Summary
from pipelines.validating import Cause

__all__ = ["STYLE", "tell_rejects"]

PLATFORM = "platform: "
SHOWN = 20
"""Causes that are told with samples."""
STYLE = """
.cause { border-left: 3px solid var(--warn); padding: .1rem 0 .1rem .8rem; margin: .9rem 0;
  max-width: 48rem; } .cause h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
.cause ul { margin: .2rem 0; padding-left: 1.1rem; overflow-wrap: anywhere; }
.cause i.bar { background: var(--warn); margin-top: .15rem; }
"""


def tell_rejects(summary: Summary) -> str:
    """Write the causes of a load; nothing if all was taken."""
    folder = Path(summary.folder)
    causes, refusals = read_causes(folder), read_refusals(folder)
    told = {f"{cause.field}: {cause.code}" for cause in causes}
    rest = {
        name: count
        for name, count in summary.reasons.items()
        if name not in told and not (refusals and name.startswith(PLATFORM))
    }
    most = max([cause.rows for cause in causes], default=1)
    made = "".join(_tell(cause, most) for cause in causes[:SHOWN])
    if any(cause.samples and cause.samples[0].value for cause in causes):
        made += (
            '<p class="quiet">Values are told by their shape: letters as x, digits as 9.'
            " rejects.csv has them as they are.</p>\n"
        )
    more = [(f"{cause.field}: {cause.code}", f"{cause.rows:,}") for cause in causes[SHOWN:]]
    more += [(name, f"{count:,}") for name, count in rest.items()]
    made += table(("cause", "times"), more) if more else ""
    if refusals:
        made += table(("outcome", "why", "records", "at row"), map(_row, refusals), texts=2)
    return made


def _row(refusal: Refusal) -> tuple[str, str, str, str]:
    outcome, reason, records, rows = refusal
    places = ", ".join(f"{row:,}" for row in rows) + (", …" if records > len(rows) else "")
    return outcome.replace("_", " "), reason, f"{records:,}", places


def _tell(cause: Cause, most: int) -> str:
    own = [name for name in cause.columns if name != cause.field]
    columns = f' <span class="quiet">({escape(", ".join(own))})</span>' if own else ""
    samples = "".join(
        f"<li>{f'<code>{escape(s.value)}</code> ' if s.value else ''}"
        f'<span class="quiet">{several(s.rows, "row") + ", first at " if s.value else "first at "}'
        f"{escape(s.place)}</span></li>"
        for s in cause.samples
    )
    count = f"more than {VALUES}" if cause.distinct >= VALUES else f"{cause.distinct}"
    many = f", {count} values" if cause.distinct > 1 else ""
    fix = f"<p>Likely fix: {escape(cause.fix)}</p>\n" if cause.fix else ""
    return (
        f'<div class="cause"><h3>{escape(cause.field)}{columns}: {escape(cause.message)}</h3>\n'
        f"<p><b>{several(cause.rows, 'row')}</b>"
        f' <span class="quiet">{percent(cause.percent / 100)} of the rows{many}</span>'
        f'<i class="bar" style="width: {100 * cause.rows / most:.2f}%"></i></p>\n'
        f"<ul>{samples}</ul>\n{fix}</div>\n"
    )
