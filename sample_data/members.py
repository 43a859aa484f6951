"""Invented members for real households: the same household always gets the same person.

Names, addresses, e-mails and phones are made up. The e-mails stand at example.com and example.no,
which nobody can own; the phones begin with +4712, where the Norwegian numbering plan has no
subscribers.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TypeAlias
from xml.sax.saxutils import escape
from zlib import crc32

import polars as pl

Member: TypeAlias = dict[str, str | None]

WOMEN = (
    "Åse Ingrid Liv Solveig Märta Kari Sigrid Astrid Zoë Bjørg Nora Emma Ragnhild Tuva Ane-Marie"
)
MEN = "Øyvind Ola Bjørn Håkon Lars Åge Søren Jan-Erik Sindre Per Odd André Torstein Nils Iver"
LAST = (
    "Hansen Ødegård Aasen Bråten Sæther Nordmann Strøm Bakke Sjøgren O'Brien Næss Lund Håland "
    "Kjær Moen Solberg Fjære Vik Åsen Grønli Dahl Rønning Haugen Bye Østby"
)
STREETS = (
    "Storgata Kirkeveien Åsveien Sjøgata Bjørkelia Skolegata Elveveien Nygårdsgata Fjellveien "
    "Tærudgata Havnegata"
)
PLACES = (
    ("0153", "Oslo"),
    ("0553", "Oslo"),
    ("1607", "Fredrikstad"),
    ("2317", "Hamar"),
    ("3015", "Drammen"),
    ("4005", "Stavanger"),
    ("5003", "Bergen"),
    ("6002", "Ålesund"),
    ("7010", "Trondheim"),
    ("8006", "Bodø"),
    ("9008", "Tromsø"),
    ("9845", "Tana"),
)
XML_NAMES = {
    "member_no": "MemberNo",
    "first_name": "FirstName",
    "last_name": "LastName",
    "mobile_phone": "MobilePhone",
    "email": "Email",
    "birth_date": "BirthDate",
    "gender": "Gender",
    "address": "Address",
    "zip": "Zip",
    "city": "City",
    "country": "Country",
    "accepts_terms": "AcceptsTerms",
    "accepts_email": "AcceptsEmail",
    "accepts_sms": "AcceptsSms",
}


def invent_member(household: int, age: str | None = None) -> Member:
    """Invent the person of one household.

    Args:
        household: The household's number; it becomes `member_no`.
        age: Its age band in 2017, `"35-44"` or `"65+"`, or None if unknown.

    Returns:
        The fields of `XML_NAMES` as text. About one in nine has no e-mail and one in eleven no
        phone, never both; who gave no age may lack a birth date; `zip` may begin with a zero.
    """

    def dice(what: str, sides: int) -> int:
        return crc32(f"{household}/{what}".encode()) % sides

    def pick(what: str, words: str) -> str:
        choice = words.split()
        return choice[dice(what, len(choice))]

    woman = dice("gender", 2) == 0
    first, last = pick("first", WOMEN if woman else MEN), pick("last", LAST)
    zip_code, city = PLACES[dice("place", len(PLACES))]
    address = f"{pick('street', STREETS)} {1 + dice('house', 120)}"
    if dice("flat", 7) == 0:
        address += f", H0{1 + dice('floor', 5)}0{1 + dice('door', 4)}"
    no_email = dice("email", 9) == 0
    no_phone = not no_email and dice("phone", 11) == 0
    at = "example.no" if dice("at", 2) else "example.com"
    return {
        "member_no": str(household),
        "first_name": first,
        "last_name": last,
        "mobile_phone": None if no_phone else f"+4712{household:06d}",
        "email": None if no_email else f"{_plain(first)}.{_plain(last)}.{household}@{at}",
        "birth_date": _birth_date(age, dice("years", 1000), dice("day", 365)),
        "gender": "Female" if woman else "Male",
        "address": address,
        "zip": zip_code,
        "city": city,
        "country": "NO",
        "accepts_terms": "true",
        "accepts_email": "false" if no_email or dice("by email", 3) == 0 else "true",
        "accepts_sms": "false" if no_phone or dice("by sms", 4) == 0 else "true",
    }


def invent_members(households: Iterable[int], ages: Mapping[int, str]) -> list[Member]:
    """Invent the people of several households, in the order given."""
    return [invent_member(household, ages.get(household)) for household in households]


def write_members(members: list[Member], path: Path) -> None:
    """Write members as CSV, XML or a JSON array, by the ending of `path`.

    A field that is absent is empty in CSV, null in JSON and left out in XML.

    Raises:
        ValueError: The ending is another.
    """
    if path.suffix == ".csv":
        pl.DataFrame(members, schema=dict.fromkeys(XML_NAMES, pl.String)).write_csv(path)
    elif path.suffix == ".xml":
        rows = "\n".join(map(_as_xml, members))
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Members>\n{rows}\n</Members>\n'
        path.write_text(text, encoding="utf-8", newline="\n")
    elif path.suffix == ".json":
        rows = ",\n".join(map(_as_json, members))
        path.write_text(f"[\n{rows}\n]\n", encoding="utf-8", newline="\n")
    else:
        raise ValueError(f"members are written as .csv, .xml or .json, not {path.suffix!r}")


def _as_xml(member: Member) -> str:
    fields = (
        f"<{XML_NAMES[name]}>{escape(text)}</{XML_NAMES[name]}>"
        for name, text in member.items()
        if text is not None
    )
    return f"<Member>{''.join(fields)}</Member>"


def _as_json(member: Member) -> str:
    typed = {
        name: text == "true" if name.startswith("accepts_") else text
        for name, text in member.items()
    }
    return json.dumps(typed, ensure_ascii=False)


def _plain(name: str) -> str:
    letters = name.lower().translate(str.maketrans("æøåäöéë", "aoaaoee"))
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha())


def _birth_date(age: str | None, years: int, day: int) -> str | None:
    if age is None:
        if years % 8 == 0:
            return None
        low, high = 20, 80
    elif age.endswith("+"):
        low, high = int(age[:-1]), int(age[:-1]) + 20
    else:
        low, high = map(int, age.split("-"))
    year = 2016 - low - years % (high - low + 1)
    return (date(year, 1, 1) + timedelta(days=day)).isoformat()
