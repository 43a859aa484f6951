"""The files of a day, whole, spoiled, or half; what the platform must hold of them."""

import csv
from datetime import date
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torture_report import Key

Spoiled = Literal["", "column", "poison", "half"]
NAMES = ("Kari", "Ola", "Åse", "Per", "Øyvind", "Liv")


class Shop:
    """A shop with some new members and some receipts a day, from a seed.

    Attributes:
        new_members: how many come each day.
        keys: the receipts of all days so far.
        lines: how many lines they have, by day.
        members: how many members there are by now.
    """

    def __init__(self, folder: Path, members: int, receipts: int, seed: int) -> None:
        self._folder, self.new_members, self._sold = folder, members, receipts
        self._seed = seed
        self.keys: set[Key] = set()
        self.lines: dict[date, int] = {}
        self.members = 0

    def members_file(self, day: date, spoiled: Spoiled = "") -> None:
        """Write the new members of a day."""
        first = self._first(day)
        head = ["member_no", "telephone" if spoiled == "column" else "phone", "name"]
        rows = [[n, f"+47{40_000_000 + n}", NAMES[n % len(NAMES)]] for n in self._numbers(first)]
        self._write(f"members_{day}.csv", [head, *rows])
        self.members = max(self.members, first + self.new_members - 1)

    def receipts_file(self, day: date, spoiled: Spoiled = "") -> None:
        """Write the receipts of a day, of one or two lines; half a file has all that there are."""
        random = Random(f"{self._seed}:{day}")
        rows: list[list[object]] = [
            ["store", "receipt", "customer", "time", "line", "quantity", "product", "gross"]
        ]
        known = self._first(day) + self.new_members - 1
        for number in range(self._sold // 2 if spoiled == "half" else self._sold):
            store, receipt = str(random.randint(1, 9)), f"{day:%m%d}{number:05}"
            head = [store, receipt, random.randint(1, known), f"{day}T1{number % 10}:00:00"]
            for line in range(1, random.randint(1, 2) + 1):
                bad = spoiled == "poison" and number % 3 == 0
                amount = f"{random.randint(100, 99_999) / 100:.2f}"
                rows.append([*head, line, "many" if bad else 1, random.randint(1, 999), amount])
            self.keys.add((store, receipt, "PURCHASE"))
        self.lines[day] = len(rows) - 1
        self._write(f"receipts_{day}.csv", rows)

    def _first(self, day: date) -> int:
        return (day - date(2026, 3, 1)).days * self.new_members + 1

    def _numbers(self, first: int) -> range:
        return range(first, first + self.new_members)

    def _write(self, name: str, rows: list[list[object]]) -> None:
        """Put it there at once, as one should."""
        part = self._folder / f".{name}"
        with part.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        part.replace(self._folder / name)
