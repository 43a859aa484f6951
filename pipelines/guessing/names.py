"""Names of columns made comparable: case, letters, separators, abbreviations, languages."""

import re
import unicodedata
from difflib import SequenceMatcher
from functools import cache

_LETTERS = str.maketrans({"æ": "a", "ø": "o", "å": "a", "ä": "a", "ö": "o", "ü": "u", "ß": "s",
                          "ð": "d", "þ": "t"})  # fmt: skip
# Written out or not, a letter is the same: foedselsdato, fødselsdato; strasse, straße.
_PAIRS = (("ae", "a"), ("oe", "o"), ("aa", "a"), ("ue", "u"), ("ss", "s"), ("ph", "f"))
# Words that mean the same in five languages, alone or at the end of a compound.
_ENDINGS = (
    ("nummer", "nr"), ("number", "nr"), ("numer", "nr"), ("namn", "navn"), ("name", "navn"),
    ("datum", "dato"), ("date", "dato"), ("kod", "kode"), ("code", "kode"),
    ("belopp", "belop"), ("belob", "belop"), ("betrag", "belop"), ("amount", "belop"),
    ("adres", "adresse"), ("addres", "adresse"), ("addrese", "adresse"), ("adrese", "adresse"),
    ("telefone", "telefon"), ("fone", "telefon"), ("tlf", "telefon"), ("id", "id"),
)  # fmt: skip
_WORDS = {"no": "nr", "num": "nr", "nbr": "nr", "nmb": "nr", "#": "nr", "dt": "dato",
          "amt": "belop", "bel": "belop", "cust": "customer", "tel": "telefon", "tlf": "telefon",
          "addr": "adresse", "adr": "adresse", "ident": "id", "pct": "prosent", "%": "prosent",
          "procent": "prosent", "percent": "prosent", "percentage": "prosent",
          "prozent": "prosent", "rate": "prosent", "sats": "prosent", "sat": "prosent",
          "satz": "prosent",
          "inkl": "inkl", "incl": "inkl", "inc": "inkl", "ink": "inkl", "including": "inkl",
          "eks": "eks", "ex": "eks", "exkl": "eks", "excl": "eks", "ekskl": "eks",
          "excluding": "eks", "exklusive": "eks", "u": "eks", "uten": "eks", "uden": "eks",
          "utan": "eks", "mwst": "moms", "mva": "moms", "vat": "moms", "ust": "moms",
          "merverdiavgift": "moms", "samtykker": "samtykke", "samtycken": "samtycke",
          "consents": "consent", "preferences": "consent", "preferanser": "consent",
          "permissions": "permission", "einwilligungen": "einwilligung"}  # fmt: skip
# Words that say what a table is about and nothing about a column of it.
_AROUND = {"kunde", "kunden", "kundens", "kund", "kundes", "customer", "customers", "member",
           "members", "medlem", "medlems", "medlemmets", "mitglied", "person", "user", "contact",
           "kontakt", "main", "primary", "primar", "hoved", "the", "of", "for", "in", "crm",
           "profile", "profil", "client", "klubb", "klub", "club", "account", "konto", "field",
           "info", "value", "verdi", "c", "nok", "sek", "dkk", "eur", "kr", "i"}  # fmt: skip
# Names that say nothing without what they belong to.
_VAGUE = {"id", "nr", "navn", "kode", "value", "verdi", "key", "type", "text", "tekst", "ref",
          "belop", "telefon"}  # fmt: skip
_PATH = re.compile(r"[^\W_]{2,}\]?\.[@'A-Za-z]|^@|\[[^\]]*\]")
_ABOUT_LINES = {"line", "linje", "linjens", "rad", "item", "items", "vare", "artikkel", "artikel",
                "product", "produkt", "pos", "zeile", "lines", "row", "lineitem", "lineitems",
                "orderline", "ordrelinje", "varelinje", "orderrad", "linie"}  # fmt: skip
_ABOUT_RECEIPTS = {"receipt", "kvittering", "bong", "kvitto", "bon", "bonner", "beleg", "header",
                   "transaction", "transaksjon", "transaktion", "trans", "tx", "sale", "sales",
                   "salg", "salgs", "order", "ordre", "purchase", "kjop", "kop", "kob", "total",
                   "kassen", "head", "hode", "huvud", "hoved"}  # fmt: skip


def tokens(name: str) -> list[str]:
    """Take a column's name apart into comparable words: `KundeNr.`, `kunde_no` are [kunde, nr]."""
    return [word(w) for w in split_words(name)]


def split_words(name: str) -> list[str]:
    """Take a column's name apart into its own words, in small letters."""
    name = unicodedata.normalize("NFC", name).replace("MwSt", "Mwst")
    name = re.sub(r"(?<=[a-zæøåäöü0-9])(?=[A-ZÆØÅÄÖÜ])", " ", name)
    name = re.sub(r"(?<=[A-ZÆØÅÄÖÜ])(?=[A-ZÆØÅÄÖÜ][a-zæøåäöü])", " ", name)
    name = re.sub(r"(?<=[^\W\d_])(?=\d)", " ", name)
    name = name.lower().replace("%", " % ").replace("#", " # ")
    return re.findall(r"[^\W_]+|[%#]", name)


def make_safe(name: str) -> str:
    """Write a name's own words in ASCII letters and digits: `Poeng 2024` is `poeng2024`."""
    name = re.sub(r"\[[^\]=]*=", "[", name)  # of phones[type=home] the word that chooses
    words = [_plain(w) for w in split_words(name)]
    kept = [w for w in words if w] or ["column"]
    safe = kept[0] + "".join(w.title() for w in kept[1:])
    return f"column{safe}" if safe[0].isdigit() else safe


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFD", text.lower().translate(_LETTERS))
    return "".join(c for c in text if c.isascii() and c.isalnum())


@cache
def word(text: str) -> str:
    """Make one word comparable."""
    text = text.lower().translate(_LETTERS)
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    for pair, single in _PAIRS:
        text = text.replace(pair, single)
    if text in _WORDS:
        return _WORDS[text]
    for ending, same in _ENDINGS:
        if text.endswith(ending):
            return text[: -len(ending)] + same
    return text


def compact(name: str) -> str:
    """Write a name's words in one: `Kunde nr`, `KUNDENR` and `kundenummer` are `kundenr`."""
    return word("".join(tokens(name)))


def split_path(name: str) -> tuple[str, str, str]:
    """Take a path's last step, the one before, and what a selector there asks for."""
    steps = [s for s in re.split(r"\.(?![^\[]*\])", name) if s] if _PATH.search(name) else [name]
    chosen = re.findall(r"=([^\]]*)\]", name)
    steps = [re.sub(r"\[[^\]]*\]|'", "", s).removeprefix("@") for s in steps]
    return steps[-1], steps[-2] if len(steps) > 1 else "", chosen[-1] if chosen else ""


@cache
def forms(name: str, subject: str = "") -> dict[str, float]:
    """List the ways to read a name or path, with what each is worth.

    Args:
        name: as the source has it.
        subject: what a bare `id` or `number` of it would be the number of.
    """
    last, above, chosen = split_path(name)
    if not (above or chosen or subject):
        return _forms(last)
    found: dict[str, float] = {}
    vague = word("".join(tokens(last))) in _VAGUE and not (
        {*tokens(above)} & _ABOUT_LINES and {*tokens(last)} & {"navn", "text", "tekst"}
    )
    above = above or subject
    if chosen:
        single = above.removesuffix("s") or above
        for text, worth in ((f"{chosen} {single}", 1.0), (f"{chosen} {last}", 1.0), (chosen, 0.9)):
            for form, own in _forms(text).items():
                found[form] = max(found.get(form, 0.0), worth * own)
        return found
    found = {word("".join(tokens(f"{above} {last}"))): 1.0} if above else {}
    for form, own in _forms(last).items():
        found[form] = max(found.get(form, 0.0), own * (0.6 if vague else 1.0))
    return found


def _forms(name: str) -> dict[str, float]:
    """List the ways to read one name: whole, then without what it is about."""
    words = tokens(name)
    found = {word("".join(words)): 1.0}
    for around, worth in ((_AROUND, 0.95), (_AROUND | _ABOUT_LINES | _ABOUT_RECEIPTS, 0.85)):
        kept = [w for w in words if w not in around]
        if kept and kept != words:
            found.setdefault(word("".join(kept)), worth)
    plain = [w for w in words if not w.isdigit()]
    if plain and plain != words and words[-1] == "1":
        found.setdefault(word("".join(plain)), 0.95)
    return found


def about(name: str) -> str:
    """Say whether a name speaks of a line or of a receipt: "line", "receipt" or ""."""
    last = split_path(name)[0]
    words = {*tokens(last)}
    joined = "".join(tokens(last))
    if words & _ABOUT_LINES or joined.startswith(("linje", "rad", "line", "zeile")):
        return "line"
    starts = ("kvittering", "bong", "kvitto", "receipt", "total", "gesamt", "bon", "order")
    return "receipt" if words & _ABOUT_RECEIPTS or joined.startswith(starts) else ""


def resembles(one: str, other: str) -> float:
    """Say how much two compact names look alike, from 0 to 1; short ones hardly ever do."""
    if min(len(one), len(other)) < 5 or abs(len(one) - len(other)) > 2 or one[0] != other[0]:
        return 0.0
    if len({*one} ^ {*other}) > 4:
        return 0.0
    return SequenceMatcher(None, one, other).ratio()
