"""The nights of a month: what goes wrong in some of them, and what must be told of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from month_files import Shop
from month_ground import House, words_of
from torture_ground import POSTS, kill

FIRST = date(2026, 3, 2)
ZONE = ZoneInfo("Europe/Oslo")
Told = list[str]


@dataclass(frozen=True)
class Night:
    """One night: its files are those of the day before.

    Attributes:
        house, shop: where it is, and who sends files.
        morning: its date.
        extra: commands that come behind the nightly job.
    """

    house: House
    shop: Shop
    morning: date
    extra: tuple[str, ...] = ()

    @property
    def day(self) -> date:
        """The day of its files."""
        return self.morning - timedelta(days=1)

    def at(self, hour: int, minute: int) -> datetime:
        """Give a time of it."""
        moment = datetime(*self.morning.timetuple()[:3], hour, minute, tzinfo=ZONE)
        return moment.astimezone(ZoneInfo("UTC"))

    def files(self) -> None:
        """Put both files there."""
        self.shop.members_file(self.day)
        self.shop.receipts_file(self.day)

    def run(self, hour: int = 2, minute: int = 31) -> int:
        """Run the nightly job, and what comes behind it."""
        return self.house.command(self.at(hour, minute), "nightly", *self.extra)


def well(night: Night) -> tuple[Told, Told]:
    """Nothing goes wrong."""
    night.files()
    night.run()
    return night.house.news(), []


def late(night: Night) -> tuple[Told, Told]:
    """A file comes while the night waits for it."""
    night.shop.members_file(night.day)
    running = night.house.begin(night.at(2, 31), "nightly", *night.extra)
    while "waits for receipts" not in night.house.last_lines():
        time.sleep(0.1)
    night.shop.receipts_file(night.day)
    running.wait()
    return night.house.news(), []


def missing(night: Night) -> tuple[Told, Told]:
    """A file does not come until the night is over; it comes by day."""
    night.shop.members_file(night.day)
    night.run(5, 5)
    told = night.house.news()
    night.shop.receipts_file(night.day)
    return told, ["+ receipts: missing_file"]


def outage(night: Night) -> tuple[Told, Told]:
    """The platform stops answering in the middle of a load, and is there again after an hour."""
    night.files()
    # Behind two pings, the members, and two batches of receipts.
    members = -(-night.shop.new_members // 50)
    night.house.set_faults([{"fault": "gateway", "after": members + 4}])
    night.run()
    command = words_of(night.house.told[-1]) if night.house.told else ["status"]
    told = night.house.news()
    night.house.set_faults([])
    night.house.command(night.at(3, 35), *command, "&&", "nightly")
    return told + night.house.news(), ["+ receipts: outage", "- receipts: outage"]


def column(night: Night) -> tuple[Told, Told]:
    """A column has another name; by day the file is sent again."""
    night.shop.members_file(night.day, "column")
    night.shop.receipts_file(night.day)
    night.run()
    told = night.house.news()
    night.shop.members_file(night.day)
    return told, ["+ members: columns"]


def poison(night: Night) -> tuple[Told, Told]:
    """A third of the receipts is spoiled; by day the file is sent again."""
    night.shop.members_file(night.day)
    night.shop.receipts_file(night.day, "poison")
    night.run()
    told = night.house.news()
    night.shop.receipts_file(night.day)
    return told, ["+ receipts: rejects"]


def half(night: Night) -> tuple[Told, Told]:
    """Half as many receipts as usual."""
    night.shop.members_file(night.day)
    night.shop.receipts_file(night.day, "half")
    night.run()
    return night.house.news(), ["+ receipts: rows"]


def killed(night: Night) -> tuple[Told, Told]:
    """The worker is killed while it sends; in the morning somebody does what the alert says."""
    night.files()
    before = night.house.seen()[POSTS]
    slow = {"fault": "slow", "method": "POST", "path": "/transactions", "seconds": 0.02}
    night.house.set_faults([slow])
    running = night.house.begin(night.at(2, 31), "nightly")
    while night.house.seen()[POSTS] < before + 4 and running.poll() is None:
        time.sleep(0.05)
    kill(running)
    night.house.set_faults([])
    night.house.command(night.at(6, 0), "alerts", "check")
    command = words_of(night.house.told[-1]) if night.house.told else ["status"]
    told = night.house.news()
    night.house.command(night.at(6, 10), *command, "&&", "nightly", *night.extra)
    return told + night.house.news(), ["+ receipts: unfinished", "- receipts: unfinished"]


def doubt(night: Night) -> tuple[Told, Told]:
    """Half a batch is stored, and its answer lost: the load asks, and nobody is told."""
    night.files()
    rule = {"fault": "gateway", "method": "POST", "path": "/transactions", "first": 1}
    night.house.set_faults([rule | {"stored": "half"}])
    night.run()
    night.house.set_faults([])
    return night.house.news(), []


Trouble = Callable[[Night], tuple[Told, Told]]
MONTH: dict[int, Trouble] = {
    4: late,
    7: missing,
    10: outage,
    13: column,
    16: poison,
    19: killed,
    22: doubt,
    25: half,
}
"""What goes wrong in which night, from 1."""
SHORT: dict[int, Trouble] = {2: missing, 3: killed}
NEXT = {
    "missing": "- receipts: missing_file",
    "column": "- members: columns",
    "poison": "- receipts: rejects",
    "half": "- receipts: rows",
}
"""What the night after tells, whose own is well."""
