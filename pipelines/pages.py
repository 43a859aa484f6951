"""Pages for people: one HTML file, which asks nothing of any other place."""

from html import escape

__all__ = ["make_html"]

_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d5d9de, #3b424b);
  --quiet: light-dark(#59636e, #9aa4af); --good: light-dark(#116329, #57c878);
  --bad: light-dark(#b31d28, #ff7b72); --back: light-dark(#ffffff, #14181d); }
body { background: var(--back); color: light-dark(#1b1f24, #e6e9ec); margin: 2.5rem auto;
  max-width: 76rem; padding: 0 1.25rem; font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; max-width: 48rem; } .quiet { color: var(--quiet); }
.good { color: var(--good); } .bad { color: var(--bad); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: right;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
th { font-weight: 600; color: var(--quiet); } .text { text-align: left; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .8rem 0; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; color-scheme: light; } }
"""
"""What all pages look like: light or dark, as the reader's system is."""


def make_html(title: str, body: str, style: str = "") -> str:
    """Write a whole page; its content policy lets nothing in from elsewhere, and no script run.

    Args:
        title: as text.
        body: as HTML, without the title.
        style: further rules of this page.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n"
        f"<style>{_STYLE}{style}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"{body}</body>\n</html>\n"
    )
