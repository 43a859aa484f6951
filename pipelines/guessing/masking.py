"""Shapes of values, for comments and screens: nobody's data, only what it looks like."""

LENGTH = 24


def mask(text: str) -> str:
    """Put 9 for each digit, A and a for letters: `+47 99 88 77 66` is `+99 99 99 99 99`."""
    shown = "".join(_sign(c) for c in text[:LENGTH])
    return shown + ("…" if len(text) > LENGTH else "")


def _sign(sign: str) -> str:
    if sign.isdigit():
        return "9"
    if sign.isalpha():
        return "A" if sign.isupper() else "a"
    return sign if sign.isprintable() and sign.isascii() and sign != '"' else "?"
