"""Small charts as SVG inside a page: drawn by pygal, coloured by the page, no script."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["STYLE", "draw_bars", "draw_lines"]

WIDE, HIGH = 420, 190
"""Drawn for a phone; on a wide screen two stand side by side."""
STYLE = """
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr));
  gap: 1rem 2rem; } figure { margin: .6rem 0; max-width: 34rem; }
figcaption { font-weight: 600; } figcaption span { font-weight: 400; color: var(--quiet); }
figcaption b { font-weight: 400; white-space: nowrap; margin-left: .8em; }
figcaption b::before { content: ""; display: inline-block; width: .7em; height: .7em;
  border-radius: 2px; margin-right: .3em; background: var(--own); }
figure svg { display: block; width: 100%; height: auto; overflow: visible; }
svg .background { fill: none; } svg text { fill: var(--quiet); font-size: 12px; }
svg .axis.x text { text-anchor: middle; } svg .axis.y text { text-anchor: end; }
svg .axis path { fill: none; stroke: var(--line); } svg .axis.x .guide { stroke: none; }
svg .series .line { fill: none; stroke-width: 2; }
.color-0 { --own: light-dark(#2f6fde, #6ea8ff); } .color-1 { --own: light-dark(#c4501b, #ff9d63); }
.color-2 { --own: light-dark(#9aa4af, #59636e); } .color-3 { --own: light-dark(#7d4cc2, #b794f4); }
svg .rect, svg .dot { fill: var(--own); } svg .series .line { stroke: var(--own); }
"""
"""Colours follow the reader's system: a chart names none."""
Series = Mapping[str, Sequence[float | None]]
Tell = Callable[[float], str]


def draw_bars(title: str, labels: Sequence[str], series: Series, tell: Tell, note: str = "") -> str:
    """Draw counts as bars, several series on top of one another.

    Args:
        title: what is shown.
        labels: what stands below the bars; some of them are written.
        series: name → a number for each bar.
        tell: writes a number for people.
        note: more about it, small.
    """
    return _figure(title, note, series, _draw("StackedBar", title, labels, series, tell))


def draw_lines(
    title: str, labels: Sequence[str], series: Series, tell: Tell, note: str = ""
) -> str:
    """Draw numbers as lines; see `draw_bars`."""
    return _figure(title, note, series, _draw("Line", title, labels, series, tell))


def _draw(kind: str, title: str, labels: Sequence[str], series: Series, tell: Tell) -> str:
    pygal = _load()
    fitting = max(1, int(WIDE * 0.9 / (7 * max(map(len, labels)) + 14)))
    every = -(-len(labels) // fitting)
    chart = getattr(pygal, kind)(
        width=WIDE,
        height=HIGH,
        margin=4,
        spacing=4,
        js=[],
        css=[],
        show_legend=False,
        include_x_axis=True,
        max_scale=5,
        min_scale=2,
        truncate_label=-1,
        show_minor_x_labels=False,
        x_labels_major_every=every,
        value_formatter=tell,
        allow_interruptions=True,
        dots_size=2,
        style=pygal.style.Style(label_font_size=12, major_label_font_size=12),
    )
    chart.x_labels = labels
    for name, values in series.items():
        chart.add(name, values)
    return _plain(chart.render_tree(), title)


def _figure(title: str, note: str, series: Series, drawn: str) -> str:
    keys = "".join(
        f'<b class="color-{place}">{escape(name)}</b>' for place, name in enumerate(series)
    )
    told = "".join(
        f" <span>{text}</span>" for text in (escape(note), keys if len(series) > 1 else "") if text
    )
    return f"<figure><figcaption>{escape(title)}{told}</figcaption>\n{drawn}</figure>\n"


def _load() -> Any:  # noqa: ANN401  (ships no types)
    import pygal  # noqa: PLC0415  (slow to import)

    # Its finder of maps is of a kind that later imports would warn of.
    sys.meta_path[:] = [f for f in sys.meta_path if type(f).__name__ != "PluginImportFixer"]
    return pygal


def _plain(root: Any, title: str) -> str:  # noqa: ANN401  (an element of lxml)
    """Leave of a chart what is seen: no style, no script, and what a point is as its tooltip."""
    from lxml import etree  # noqa: PLC0415  (slow to import)

    for node in [*root.iter(etree.Comment), *root.findall("defs"), *root.findall("title")]:
        root.remove(node)
    for overlay in root.xpath("//*[contains(@class, 'tooltip-overlay')]"):
        overlay.getparent().remove(overlay)
    for node in [*root.iter("g")]:
        told = {one.get("class", "").split()[0]: one for one in node.findall("desc")}
        if not told:
            continue
        for one in told.values():
            node.remove(one)
        words = [told[word].text for word in ("x_label", "value") if word in told]
        etree.SubElement(node, "title").text = ": ".join(filter(None, words))
    for name in [*root.attrib]:
        if name != "viewBox":
            del root.attrib[name]
    root.set("role", "img")
    root.set("aria-label", title)
    text: str = etree.tostring(root, encoding="unicode")
    return re.sub(r"(\d+\.\d)\d+", r"\1", text)
