"""From what was read to what was accepted, and what fell out between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from pipelines.run_page.batches import Sending
from pipelines.run_page.parts import percent
from pipelines.runs import Summary

__all__ = ["STYLE", "Stage", "draw_funnel", "stages_of_load"]

STYLE = """
.funnel { list-style: none; padding: 0; margin: .6rem 0; max-width: 48rem; }
.funnel li { margin: .1rem 0; }
.funnel b { font-size: 1.15rem; font-variant-numeric: tabular-nums; }
.funnel .lost, .funnel .apart { color: var(--quiet); padding-left: 1rem; margin-left: .2rem;
  border-left: 2px solid; } .funnel .lost { color: var(--warn); }
i.bar { display: block; height: .55rem; border-radius: 3px; background: var(--accent); }
 .funnel li:last-child i.bar { background: var(--good); }
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its name, how many are there; before it how many were lost, or are no loss."""

    name: str
    count: int
    lost: Sequence[tuple[int, str]] = ()
    apart: Sequence[tuple[int, str]] = ()


def draw_funnel(stages: Sequence[Stage]) -> str:
    """Draw stages as bars, the first one whole."""
    return f'<ol class="funnel">\n{"".join(_draw(stages))}</ol>\n'


def _draw(stages: Sequence[Stage]) -> Iterator[str]:
    whole = max([1, *(stage.count for stage in stages)])
    for stage in stages:
        for kind, counts in (("apart", stage.apart), ("lost", stage.lost)):
            if told := ", ".join(f"{count:,} {what}" for count, what in counts if count > 0):
                yield f'<li class="{kind}">{escape(told)}</li>\n'
        share = stage.count / whole
        yield (
            f'<li><b>{stage.count:,}</b> {escape(stage.name)} <span class="quiet">{percent(share)}'
            f'</span><i class="bar" style="width: {_width(share)}"></i></li>\n'
        )


def _width(share: float) -> str:
    return f"max(2px, {100 * share:.2f}%)" if share else "0"


def stages_of_load(summary: Summary, sending: Sending | None) -> list[Stage]:
    """Say what became of the records of a load, stage by stage."""
    refused = sending.refused if sending else 0
    checked = summary.checked_records or summary.rejected_records - refused
    waiting = summary.waiting_records
    valid = summary.records - checked - waiting
    stages = [
        Stage("read", summary.records),
        Stage(
            "valid", valid, [(checked, "rejected by the checks"), (waiting, "wait for a member")]
        ),
    ]
    apart = [
        (summary.merged_records, "merged into others"),
        (summary.unchanged_records, "unchanged since they were delivered"),
    ]
    left = valid - sum(count for count, _ in apart)
    if summary.dry_run:
        held = [(summary.held_records, "held"), (summary.in_doubt_records, "in doubt")]
        to_send = left - sum(count for count, _ in held)
        return [*stages, Stage("would be sent", to_send, held, apart)]
    sent = sending.sent if sending else summary.accepted_records
    unsent = min(left - sent, max(0, summary.unsent_records - waiting))
    rest = "rejected or in doubt without being sent" if summary.accounted_for else "not sent"
    before = [(unsent, "unsent"), (left - sent - unsent, rest)]
    after = sent - summary.accepted_records - refused - summary.quarantined_records
    fallen = [(refused, "refused by the platform"), (summary.quarantined_records, "quarantined")]
    fallen.append((after, "in doubt, or sent and known not to be there"))
    return [
        *stages,
        Stage("sent", sent, before, apart),
        Stage("accepted", summary.accepted_records, fallen),
    ]
