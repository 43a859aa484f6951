"""How a load's requests went: outcomes, and speed over time."""

from pipelines.progress import several
from pipelines.run_page.batches import Sending
from pipelines.run_page.charts import draw_bars, draw_lines
from pipelines.run_page.parts import facts, seconds, table

__all__ = ["tell_requests"]


def tell_requests(sending: Sending) -> str:
    """Write what the ledger knows of a load's batches."""
    split = f", {sending.split:,} taken apart to find what was refused" if sending.split else ""
    answers = (
        ""
        if sending.middle is None
        else f"{seconds(sending.middle)} in the middle, 95 % within {seconds(sending.late)},"
        f" the slowest {seconds(sending.slowest)}"
    )
    batches = several(sending.batches, "batch", "batches")
    made = facts(
        {
            "requests": f"{sending.requests:,} for {batches}{split}",
            "answers took": answers,
            "status": ", ".join(f"{status}: {n:,}" for status, n in sending.statuses.items()),
            "once in doubt": ", ".join(f"{cause}: {n:,}" for cause, n in sending.doubts.items()),
        }
    )
    if len(sending.bins) > 2 and sending.batches > 2:
        made += f'<div class="charts">{_charts(sending)}</div>\n'
    rows = [
        (state.replace("_", " "), f"{batches:,}", f"{records:,}", f"{requests:,}", seconds(middle))
        for state, batches, records, requests, middle in sending.outcomes
    ]
    heads = ("batches that are", "batches", "records", "requests", "middle answer")
    return made + table(heads, rows)


def _charts(sending: Sending) -> str:
    bins, width = sending.bins, sending.width
    labels = [_clock(one.start, width) for one in bins]
    over = f"records, over {seconds(width * len(bins))}"
    if sending.stretches > 1:
        over += f", the longest of {sending.stretches} stretches"
    rates = {"records": [one.records / width for one in bins]}
    answers = {"middle": [one.middle for one in bins], "slowest": [one.slowest for one in bins]}
    return draw_bars(
        "Accepted a second", labels, rates, lambda number: f"{number:,.0f}", over
    ) + draw_lines("Answers took", labels, answers, seconds)


def _clock(start: float, width: float) -> str:
    if width >= 60:
        return f"{start / 60:.0f} min"
    if width >= 1:
        return f"{start:.0f} s"
    return f"{start:.1f} s" if width >= 0.1 else f"{1000 * start:.0f} ms"
