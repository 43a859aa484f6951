"""What single values are, phones, e-mails, names, places; and what they look like."""

import re
from collections.abc import Callable

from pipelines.guessing.numbers import STYLES, fits

EMAIL = re.compile(r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$")
GUID = re.compile(r"^\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?$")
PHONE = re.compile(r"^(\+|00)?[\d \u00a0().\-/]{7,20}$")
WORDS = re.compile(r"[^\d\s.,'+\-\N{MINUS SIGN}eE]")
CALENDAR = re.compile(r"^(\d{1,2}([./-])\d{1,2}\2\d{4}|\d{4}([./-])\d\d\3\d\d)\b")
SPACED_ZIP = re.compile(r"^(?:(?:N|NO|S|SE|DK|D|DE|FI|FIN|A|CH)-)?(\d{3} ?\d{2}|\d{4,5})$")
HOUSE = re.compile(r"^\D{3,}\s\d{1,4}\s?[A-Za-z]?\b")
PLACE = re.compile(r"^[^\W\d_][^\d@]{1,40}$")
WORD = re.compile(r"^[^\W\d_][^\d@;:/\\]{0,40}$")
CLOCK = re.compile(r"^([01]?\d|2[0-3])[:.][0-5]\d([:.][0-5]\d)?$")
TRUE = {"true", "1", "yes", "y", "ja", "j", "sant", "x", "on", "ok", "t", "wahr"}
FALSE = {"false", "0", "no", "n", "nei", "nej", "nein", "usant", "off", "f", "falsch", "-", ""}
KNOWN_TRUE = {"true", "1", "yes", "y", "ja", "j", "sant"}
KNOWN_FALSE = {"false", "0", "no", "n", "nei", "usant"}
FEMALE = {"k", "kvinne", "kvinna", "kvinde", "f", "female", "w", "weiblich", "woman", "dame",
          "frau", "fru", "mrs", "ms", "pige", "jente", "flicka"}  # fmt: skip
MALE = {"m", "mann", "man", "mand", "male", "mannlig", "männlich", "maennlich", "herr", "herre",
        "hr", "mr", "gutt", "pojke", "dreng", "h"}  # fmt: skip
UNKNOWN = {"u", "ukjent", "unknown", "okänd", "ukendt", "x", "annet", "other", "divers", "d",
           "unbekannt", "-", "0", "9", "annan", "andet", "ikke oppgitt"}  # fmt: skip
COUNTRIES = {"no", "se", "dk", "fi", "de", "gb", "uk", "us", "is", "nl", "pl", "nor", "swe",
             "dnk", "fin", "deu", "norge", "norway", "noreg", "sverige", "sweden", "danmark",
             "denmark", "deutschland", "germany", "tyskland", "finland", "suomi", "at", "ch", "fo",
             "be", "fr", "es", "it", "ee", "lv", "lt"}  # fmt: skip
CODES = {"no": "NO", "nor": "NO", "norge": "NO", "norway": "NO", "noreg": "NO", "se": "SE",
         "swe": "SE", "sverige": "SE", "sweden": "SE", "dk": "DK", "dnk": "DK", "danmark": "DK",
         "denmark": "DK", "de": "DE", "deu": "DE", "deutschland": "DE", "germany": "DE",
         "tyskland": "DE", "fi": "FI", "fin": "FI", "finland": "FI", "suomi": "FI"}  # fmt: skip
SHOWN = 24
"""Signs of a value of which the shape is shown."""
CURRENCIES = {"NOK", "SEK", "DKK", "EUR", "USD", "GBP", "ISK", "CHF", "PLN"}
_FIRST = """
    anne inger kari marit ingrid liv eva berit astrid bjørg hilde anna solveig marianne randi
    ida nina maria nora emma sara silje hanne linda julie lene camilla tone elin jan per bjørn
    ole lars kjell knut svein thomas arne geir hans tor morten terje odd erik martin andreas
    john anders rune trond tore daniel jon kristian marius fredrik magnus jonas håkon sven
    karl nils gunnar johan mikael emil oskar william lucas elsa alice maja ebba karin lena
    birgitta kerstin marie margareta elisabeth christina johanna malin jenny peter michael
    niels søren jens henrik mette kirsten helle susanne pia freja clara rasmus mads mathias
    frederik stefan klaus wolfgang jürgen ursula monika petra sabine claudia julia lukas leon
    felix paul sophie hannah lea james mary robert patricia david jennifer lisa sofia sofie
    oda ragnhild turid gerd else bente tove unni åse aslaug leif harald sverre øyvind espen
    stian simen sindre eirik vegard torbjørn ståle zoë åsa göran björn ulf mats bo stig
"""
FIRST = frozenset(_FIRST.split())
LAST = re.compile(
    r"(sen|son|sson|dahl|berg|lund|strøm|ström|vik|haug|bakke|moen|rud|stad|gren|qvist|kvist|ström"
    r"|gaard|gård|nes|næss|land|bye|holm|mann|meyer|müller|schmidt|schneider|fischer|weber|wagner)$",
    re.IGNORECASE,
)
_CITIES = """
    oslo bergen trondheim stavanger drammen fredrikstad kristiansand sandnes tromsø sarpsborg
    skien ålesund sandefjord haugesund tønsberg moss porsgrunn bodø arendal hamar larvik
    halden lillehammer molde harstad gjøvik asker ski tana alta stockholm göteborg malmö
    uppsala västerås örebro linköping helsingborg jönköping norrköping lund umeå gävle borås
    sundsvall karlstad københavn kobenhavn aarhus århus odense aalborg ålborg esbjerg randers
    kolding horsens vejle roskilde berlin hamburg münchen köln frankfurt stuttgart düsseldorf
    leipzig dresden hannover bremen kiel lübeck nürnberg helsinki
"""
CITIES = frozenset(_CITIES.split())


def is_phone(text: str) -> bool:
    """Tell whether a text may be a phone number: 7 to 15 digits, in groups or not, and no date."""
    if CALENDAR.match(text):
        return False
    digits = sum(c.isdigit() for c in text)
    return 7 <= digits <= 15 and bool(PHONE.match(text)) and not re.match(r"^\d+[.,]\d+$", text)


def is_gtin(text: str) -> bool:
    """Tell whether a text is a product number with a right check digit: EAN-8, UPC, EAN, GTIN."""
    if not text.isdigit() or not text.isascii() or len(text) not in {8, 12, 13, 14}:
        return False
    total = sum(int(c) * (3 if at % 2 else 1) for at, c in enumerate(reversed(text)))
    return total % 10 == 0 and len(set(text)) > 2


def is_national_id(text: str) -> bool:
    """Tell whether a text looks like a Nordic personal number: a date and 4 or 5 digits."""
    found = re.match(r"^(\d{6}|\d{8})[-+ ]?(\d{4}|\d{5})$", text)
    if not found or len(text) < 10:
        return False
    day, month = found[1][:2], found[1][-4:-2]
    year_first = 1 <= int(month) <= 12 and 1 <= int(found[1][-2:]) <= 91
    return (1 <= int(day) <= 71 and 1 <= int(found[1][2:4]) <= 12) or year_first


def is_first_name(text: str) -> bool:
    """Tell whether the first word is a common first name."""
    words = re.split(r"[\s\-]+", text.strip().lower())
    return bool(words) and words[0] in FIRST and "," not in text


def is_last_name(text: str) -> bool:
    """Tell whether a text ends as many family names do."""
    return bool(LAST.search(text)) and " " not in text.strip()


def is_full_name(text: str) -> bool:
    """Tell whether a text is two to five words, one of which is a common first name."""
    words = re.findall(r"[^\s,]+", text.lower())
    named = any(word.split("-")[0] in FIRST for word in words)
    return 2 <= len(words) <= 5 and named and not re.search(r"\d", text)


def _in(words: set[str]) -> Callable[[str], bool]:
    return lambda text: text.strip().lower() in words


KINDS: dict[str, Callable[[str], bool]] = {
    "email": lambda v: bool(EMAIL.match(v)),
    "guid": lambda v: bool(GUID.match(v)),
    "phone": is_phone,
    "gtin": is_gtin,
    "national": is_national_id,
    "zip": lambda v: bool(SPACED_ZIP.match(v)),
    "address": lambda v: bool(HOUSE.match(v)),
    "place": lambda v: bool(PLACE.match(v)),
    "city": lambda v: v.strip().lower() in CITIES,
    "word": lambda v: bool(WORD.match(v)),
    "first": is_first_name,
    "last": is_last_name,
    "full": is_full_name,
    "bool": lambda v: v.strip().lower() in TRUE | FALSE,
    "gender": lambda v: v.strip(" .").lower() in FEMALE | MALE | UNKNOWN,
    "sexed": lambda v: v.strip(" .").lower() in FEMALE | MALE,
    "country": _in(COUNTRIES),
    "currency": lambda v: v.strip().upper() in CURRENCIES,
    "clock": lambda v: bool(CLOCK.match(v)),
    "number": lambda v: not WORDS.search(v) and any(fits(v, style) for style in STYLES),
    "integer": lambda v: bool(re.match(r"^[+-]?\d{1,18}$", v)),
    "code": lambda v: bool(re.match(r"^[\w./\-]{1,40}$", v)),
    "digits": lambda v: v.isdigit(),
    "text": lambda v: bool(re.search(r"[^\W\d_]{2}", v)),
}
"""Kind → whether one value is of it. Values come stripped, and none is empty."""


def mask(text: str) -> str:
    """Show a value's shape, for comments and screens: `+47 99 88 77 66` is `+99 99 99 99 99`."""
    shown = "".join(_sign(c) for c in text[:SHOWN])
    return shown + ("…" if len(text) > SHOWN else "")


def _sign(sign: str) -> str:
    if sign.isdigit():
        return "9"
    if sign.isalpha():
        return "A" if sign.isupper() else "a"
    return sign if sign.isprintable() and sign.isascii() and sign != '"' else "?"
