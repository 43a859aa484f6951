"""A retailer's old loyalty programme, invented: members in three files, and all that they have.

    python -m sample_data.legacy FOLDER [--members N] [--seed N]

writes the files, the feeds that read them, and the plan that `loyalty-etl migrate` runs. The same
number and seed always give the same bytes. Three rows in a hundred are at fault, two members in a
hundred stand there twice under two numbers; what must come of it all is in facts.json.

Nobody is real: the names are common ones put together by lot, the phones begin with +4712, where
Norway has no subscribers, and the e-mails stand at example.com and example.no.
"""

import argparse
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Literal

from sample_data.members import LAST, MEN, PLACES, WOMEN

Fault = Literal["", "birth", "email", "phone", "nameless"]
PARTS = ("shop-north", "shop-south", "web", "app")
"""The files of members; the first two are of one source."""
DIRTY, TWICE = 0.03, 0.02
STORES = ("101", "102", "103", "240", "0355")
CARDS = ("4", "2457B03E-9925-45E9-B551-25F10D7BD4F2", "952841C1-4385-40B3-8B30-A65AAC66108E")
"""The stamp cards of the sandbox."""
GOODS = ("Kaffe, brent", "Grovbrød", "Blåbærsyltetøy", "Røkt laks", "Rugbrød", "Knäckebröd", "Ost")
_SWEDISH = (("11122", "Stockholm"), ("41105", "Göteborg"), ("21119", "Malmö"))
_DANISH = (("1050", "København"), ("8000", "Aarhus"), ("5000", "Odense"))
_COUNTRIES = {"NO": PLACES, "SE": _SWEDISH, "DK": _DANISH}
_DAY = datetime(2026, 1, 1)  # noqa: DTZ001  (the programme's own, local times)


@dataclass(frozen=True)
class Member:
    """One row of a file of members.

    Attributes:
        number: its legacy number, ten digits, with zeros in front.
        part: the file it stands in.
        fault: what is wrong with the row; empty where nothing is.
        same_as: the number of the member that it is, where it stands there twice.
    """

    number: str
    part: str
    first: str
    last: str
    phone: str
    email: str
    born: date | None
    zip: str
    city: str
    country: str
    news: bool
    updated: datetime
    fault: Fault = ""
    same_as: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a receipt; amounts in hundredths."""

    product: str
    name: str
    quantity: int
    gross: int


@dataclass(frozen=True)
class Receipt:
    """One receipt; `member` is empty where nobody is known, `good` tells whether it can be read."""

    store: str
    number: str
    time: datetime
    member: str
    lines: tuple[Line, ...]
    good: bool


@dataclass
class Programme:
    """All of it. Of balances and so on each is (member, …, whether the row is good)."""

    members: list[Member] = field(default_factory=list)
    balances: list[tuple[str, int, bool]] = field(default_factory=list)
    stamps: list[tuple[str, str, int, bool]] = field(default_factory=list)
    vehicles: list[tuple[str, str, int, bool]] = field(default_factory=list)
    cards: list[tuple[str, str, bool]] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)


def make_programme(count: int, seed: int = 1) -> Programme:
    """Invent a programme of so many members; those that stand there twice come on top."""
    made, lot = Programme(), Random(f"{seed}/{count}")  # noqa: S311  (no secret)
    for place in range(count):
        member = _member(place, lot)
        made.members.append(member)
        _give(made, member, lot)
        if not member.fault and lot.random() < TWICE:
            again = _again(member, count + place, lot)
            made.members.append(again)
            _give(made, again, lot)
    lot.shuffle(made.receipts)
    return made


def _member(place: int, lot: Random) -> Member:
    country = lot.choices(("NO", "SE", "DK"), (60, 25, 15))[0]
    zip_code, city = lot.choice(_COUNTRIES[country])
    first, last = (
        lot.choice((WOMEN if lot.random() < 0.5 else MEN).split()),
        lot.choice(LAST.split()),
    )
    fault: Fault = ""
    if lot.random() < DIRTY:
        fault = lot.choice(("birth", "email", "phone", "nameless"))
    born = None if lot.random() < 0.1 else date(1935, 1, 1) + timedelta(days=lot.randrange(25_000))
    if fault == "birth":
        born = date(1980, 2, 28)  # written as a day that never was
    return Member(
        _number(place),
        lot.choices(PARTS, (30, 20, 30, 20))[0],
        first,
        last,
        f"+4712{place:06d}",
        f"{_plain(first)}.{_plain(last)}.{place}@example.{lot.choice(('com', 'no'))}",
        born,
        zip_code,
        city,
        country,
        lot.random() < 0.6,
        _DAY + timedelta(minutes=lot.randrange(400_000)),
        fault,
    )


def _again(member: Member, place: int, lot: Random) -> Member:
    """Give the same member under another number: an older row of the same source, with less."""
    part = {"shop-north": "shop-south", "shop-south": "shop-north"}.get(member.part, member.part)
    by_phone = lot.random() < 0.5 or member.born is None
    return Member(
        _number(5_000_000 + place),
        part,
        member.first,
        member.last,
        member.phone if by_phone else "",
        "" if by_phone else member.email,
        None if by_phone else member.born,
        member.zip,
        member.city,
        member.country,
        member.news,
        member.updated - timedelta(days=1 + lot.randrange(900)),
        same_as=member.number,
    )


def _give(made: Programme, member: Member, lot: Random) -> None:
    """Give a member points, stamps, vehicles, cards and receipts."""
    number = member.number

    def good() -> bool:
        return lot.random() >= DIRTY

    if lot.random() < 0.8:
        made.balances.append((number, lot.randrange(1, 6_000), good()))
    if lot.random() < 0.3:
        made.stamps.append((number, lot.choice(CARDS), lot.randrange(1, 10), good()))
    if lot.random() < 0.15:
        plate = f"{lot.choice(('EL', 'AB', 'ZZ'))}{number[-7:]}"
        made.vehicles.append((number, plate, lot.randrange(1995, 2026), good()))
    if lot.random() < 0.2:
        made.cards.append((number, f"tok_{lot.getrandbits(64):016x}", good()))
    for _ in range(lot.choices((0, 1, 2, 3), (30, 40, 20, 10))[0]):
        made.receipts.append(_receipt(made, number, lot, good=good()))


def _receipt(made: Programme, member: str, lot: Random, *, good: bool) -> Receipt:
    back = lot.random() < 0.04
    lines = []
    for _ in range(lot.choices((1, 2, 3), (50, 35, 15))[0]):
        product = lot.randrange(len(GOODS))
        quantity = lot.randrange(1, 4)
        gross = quantity * lot.randrange(990, 24_990)
        lines.append(
            Line(str(4000 + product), GOODS[product], -quantity if back else quantity, gross)
        )
    return Receipt(
        lot.choice(STORES),
        f"R{len(made.receipts) + 1:08d}",
        _DAY - timedelta(minutes=lot.randrange(1_000_000)),
        "" if lot.random() < 0.05 else member,
        tuple(lines),
        good,
    )


def _number(place: int) -> str:
    return f"{place + 1:010d}"


def _plain(name: str) -> str:
    letters = name.lower().translate(str.maketrans("æøåäöéë", "aoaaoee"))
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha())


def tell_facts(made: Programme) -> dict[str, int]:
    """Say what must be at the platform when all of it is migrated, and what must be left out.

    Amounts are in hundredths, returns taken off. What belongs to a member that stands there twice
    belongs to the one that stays; what belongs to a member at fault belongs to nobody, and is left
    out, but for receipts, of which anonymous ones are sent.
    """
    there = {m.number for m in made.members if not m.fault}
    facts = Counter(
        members=sum(not m.fault and not m.same_as for m in made.members),
        merged=sum(bool(m.same_as) for m in made.members),
        members_rejected=sum(bool(m.fault) for m in made.members),
        points=sum(p for member, p, good in made.balances if good and member in there),
        stamps=sum(n for member, _, n, good in made.stamps if good and member in there),
        vehicles=sum(good and member in there for member, _, _, good in made.vehicles),
        payment_cards=sum(good and member in there for member, _, good in made.cards),
    )
    for receipt in made.receipts:
        if receipt.good and (not receipt.member or receipt.member in there):
            back = receipt.lines[0].quantity < 0
            gross = sum(line.gross for line in receipt.lines)
            facts["receipts"] += 1
            facts["gross"] += -gross if back else gross
            facts["anonymous"] += not receipt.member
        else:
            facts["receipts_rejected"] += 1
    return dict(facts)


def main() -> None:
    """Write a programme to a folder."""
    from sample_data.legacy_files import write_programme  # noqa: PLC0415  (it imports this module)

    parser = argparse.ArgumentParser(description="Write an invented loyalty programme.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    write_programme(make_programme(said.members, said.seed), said.folder)


if __name__ == "__main__":
    main()
