"""A small chart of bars, as Markdown that shows it wherever images of data URLs are shown."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape

__all__ = ["draw_bars"]

BARS = 60
_WIDE, _HIGH, _TOP, _FOOT = 640, 150, 18, 18


def draw_bars(title: str, counts: Mapping[str, int]) -> str:
    """Draw counts as bars, the last ones if there are many.

    Args:
        title: what is counted.
        counts: by what stands below the bars, in order; the first and the last are written.

    Returns:
        Markdown: an SVG image as a data URL.
    """
    shown = dict(list(counts.items())[-BARS:])
    most = max([1, *shown.values()])
    step = min(40.0, _WIDE / max(1, len(shown)))
    wide = round(step * 0.8, 1)
    room = _HIGH - _TOP - _FOOT
    bars = []
    for place, (label, count) in enumerate(shown.items()):
        high = round(room * count / most, 1)
        bars.append(
            f'<rect x="{place * step:.1f}" y="{_TOP + room - high:.1f}" width="{wide}"'
            f' height="{high}"><title>{escape(label)}: {count:,}</title></rect>'
        )
    ends = [(0.0, "start", next(iter(shown), ""))]
    if len(shown) > 1:
        ends.append(((len(shown) - 1) * step + wide, "end", list(shown)[-1]))
    if len(shown) > 1 and ends[1][0] < 160:  # too narrow for both
        ends = [(0.0, "start", f"{ends[0][2]} to {ends[1][2]}")]
    texts = [f'<text x="0" y="11">{escape(title)}, most {most:,}</text>']
    texts += [
        f'<text x="{x:.1f}" y="{_HIGH - 4}" text-anchor="{anchor}">{escape(label)}</text>'
        for x, anchor, label in ends
    ]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDE}" height="{_HIGH}"'
        f' viewBox="0 0 {_WIDE} {_HIGH}"><g fill="#6f7d8c" font-family="sans-serif"'
        f' font-size="11">{"".join(texts)}</g><g fill="#4c7ef0">{"".join(bars)}</g></svg>'
    )
    return f"![{title}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})"
