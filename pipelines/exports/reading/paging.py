"""Paging a report once: page 1, then the others side by side, until they make a whole.

The contract promises neither order nor size nor stillness (reading T06), so this reads until what
was read agrees with itself. Pages read under another total than the last one are read again, the
tail first; pages that hold too little are asked for again; totals that promise more than the pages
hold are followed past the end; and where nothing is said of totals, pages are asked for until none
brings anything new. What is left of doubts is told in the proof.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count, takewhile
from threading import Event
from typing import Literal

from connectors.trigg.errors import Refused
from connectors.trigg.reports import BadReport, Page
from pipelines.exports.manifest import Proof
from pipelines.exports.reading.asking import Asker
from pipelines.exports.reading.keys import read_keys
from pipelines.exports.reading.proving import Care, judge, spread
from pipelines.exports.reading.repeats import find_repeats
from pipelines.exports.reading.spool import Spool, Unit, digest_rows
from pipelines.progress import Progress, Step, several

__all__ = ["Paging"]

_ROUNDS = 2
"""How often pages are read again since the total had moved, before all is read anew."""


class Paging:
    """One go at a report; made for one use.

    Args:
        report: the report's type.
        ask: asks for a page; called in threads.
        spool: where pages are kept; those that are there are not asked for. Without a key their
            rows can't be told apart.
        care: how carefully.
        stop: set from outside to end in good order.
        progress: told how far it is.
    """

    def __init__(
        self,
        report: str,
        ask: Callable[[int], Page],
        spool: Spool,
        *,
        care: Care,
        stop: Event,
        progress: Progress,
    ) -> None:
        self._report = report
        self._ask = ask
        self._spool = spool
        self._care = care
        self._progress = progress
        self._turns = count(1 + max(map(_turn, spool.units.values()), default=0))
        self._fetcher = Asker[int, Unit](self._take, care.policy, stop, self._wait)
        self._checker = Asker[int, _Again](self._compare, care.policy, stop, self._wait)
        self._checked: Mapping[int, Unit] = {}
        self._rows = sum(unit.rows for unit in spool.units.values())
        self._reread = self._rechecked = 0
        self._doubts: list[str] = []

    def read(self) -> Proof:
        """Read what is missing, and say how it is known that nothing is."""
        self._fetch(self._missing(1))
        if self._total is None:
            self._fetch(self._missing(2), past_end=True)
        for _ in range(_ROUNDS):
            if self._total is None:
                self._fill_blindly()
            else:
                self._fill()
            if not self._judge().complete or self._stands():
                break
        return self._judge()

    # What has been read

    @property
    def _latest(self) -> Unit | None:
        """The page that was read last, of those that tell totals."""
        told = [unit for unit in self._spool.units.values() if unit.facts["total"] is not None]
        return max(told, key=_turn, default=None)

    @property
    def _total(self) -> int | None:
        return self._latest.facts["total"] if self._latest else None

    @property
    def _pages(self) -> int:
        return self._latest.facts["pages"] if self._latest else 1

    @property
    def _kept(self) -> int:
        """Rows without those that came twice."""
        rows = sum(unit.rows for unit in self._spool.units.values())
        return rows - find_repeats(self._spool).count

    @property
    def _lacks(self) -> bool:
        return self._kept < (self._total or 0)

    def _missing(self, last: int) -> list[int]:
        there = self._spool.units
        return [number for number in range(1, last + 1) if number not in there]

    def _ended(self, batch: Sequence[int]) -> bool:
        """Tell whether pages reach past the end, and forget those that do: they bring nothing."""
        units = self._spool.units
        there = [number for number in batch if number in units]
        first: dict[str, int] = {}
        for number, unit in units.items():
            first.setdefault(unit.digest, number)
        past = [*takewhile(lambda n: not units[n].rows or first[units[n].digest] < n, there[::-1])]
        self._spool.forget(past)
        return bool(past) or len(there) < len(batch)

    # Asking

    def _take(self, number: int) -> Unit:
        """Ask for a page and keep it; called in threads."""
        return self._put(self._ask(number))

    def _put(self, page: Page) -> Unit:
        facts = {
            "total": page.total_records,
            "pages": page.total_pages,
            "turn": next(self._turns),
            "at": round(time.time()),
        }
        return self._spool.put(page.number, page.rows, facts=facts)

    def _wait(self, why: str) -> None:
        self._progress(Step(f"waiting {why}", rows=self._rows, rejects=None))

    def _fetch(self, numbers: Iterable[int], *, past_end: bool = False) -> None:
        """Read pages into the spool; past the end, a refusal says as much as an empty page."""
        before = self._spool.units
        done, total = len(before), self._pages
        try:
            for number, unit in self._fetcher.ask(numbers):
                old = before.get(number)
                done += old is None
                self._rows += unit.rows - (old.rows if old else 0)
                total = max(total, done, unit.facts["pages"] or 0)
                self._progress(Step("fetching", done, total, self._rows, rejects=None))
        except (Refused, BadReport):
            if not past_end:
                raise

    def _fetch_again(self, numbers: Sequence[int]) -> None:
        self._reread += len(numbers)
        self._fetch(sorted(numbers, reverse=True))

    # With totals

    def _fill(self) -> None:
        """Read until all pages that there are were read under one total."""
        most = math.inf
        for _ in range(_ROUNDS + 1):
            self._fetch_announced()
            units, total, pages = self._spool.units, self._total, self._pages
            stale = [n for n, unit in units.items() if unit.facts["total"] not in {None, total}]
            self._spool.forget([n for n in stale if n > pages])
            stale = [n for n in stale if n <= pages]
            if not stale or len(stale) > most:
                break  # nothing moves, or it never stops
            self._fetch_again(stale)
            most = len(stale) / 2
        if self._lacks:
            self._fetch_again(self._short())
        if self._lacks:
            self._fetch_past_end()

    def _fetch_announced(self) -> None:
        first = self._pages
        while missing := self._missing(self._pages):
            self._check_pages(self._pages, first)
            self._fetch(missing)
            if missing[0] > first and self._ended(missing):
                return  # it counts on, but there is nothing there

    def _check_pages(self, pages: int, first: int = 0) -> None:
        if pages > self._care.max_pages:
            most = self._care.max_pages
            raise self._bad(f"{pages:,} pages; raise rows_page, or max_pages (now {most:,})")
        if first and pages > 2 * first + 100:
            raise self._bad(f"{first:,} pages became {pages:,} while they were read")

    def _bad(self, why: str) -> BadReport:
        return BadReport(self._report, 1, why)

    def _short(self) -> list[int]:
        """List the pages that hold less than pages of their place do."""
        units, last = self._spool.units, self._pages
        size = max(unit.rows for unit in units.values())
        rest = min((self._total or 0) - size * (last - 1), size)
        return [n for n, unit in units.items() if unit.rows < (size if n < last else rest)]

    def _fetch_past_end(self) -> None:
        """Follow a total that its pages don't reach: some count them by the size asked for."""
        ended = False
        while self._rows < (self._total or 0) and not ended:
            ended = self._fetch_on()

    def _fetch_on(self) -> bool:
        """Read the pages behind the last one; tell whether the end has been reached."""
        last = max(self._spool.units)
        batch = range(last + 1, last + 1 + self._care.policy.in_flight)
        self._check_pages(batch[-1])
        self._fetch(batch, past_end=True)
        return self._ended(batch)

    # Without totals

    def _fill_blindly(self) -> None:
        """Read until pages bring nothing new."""
        number = max(self._spool.units)
        self._fetch(self._missing(number))
        ended = number == 1 or self._ended(range(2, number + 1))
        look = number
        while not ended:
            # Pages whose keys all were there are nothing new, whatever else is in them. To look
            # costs a pass over all keys, so it is done when there are twice as many.
            kept = self._kept if self._spool.key and max(self._spool.units) >= 2 * look else -1
            ended = self._fetch_on()
            if kept >= 0:
                look = max(self._spool.units)
                ended = ended or self._kept == kept
        if max(self._spool.units) > 1:
            self._fetch_again([n for n, unit in self._spool.units.items() if not unit.rows])
            self._doubt_pages()

    def _doubt_pages(self) -> None:
        units = self._spool.units
        if holes := [number for number, unit in units.items() if not unit.rows]:
            self._doubts.append(f"page {holes[0]:,} is empty, and others follow it")
        one, two = self._spool.read(1), self._spool.read(2)
        if not self._spool.key and one.schema == two.schema:
            same = one.hash_rows().is_in(two.hash_rows().implode()).sum()
            if 2 * same > two.height:
                self._doubts.append("pages 1 and 2 share most rows, so they may be no pages at all")

    # Judging

    def _judge(self) -> Proof:
        proof = judge(self._spool, self._total, self._doubts)
        return replace(proof, reread=self._reread, rechecked=self._rechecked)

    def _stands(self) -> bool:
        """Ask for some pages again; tell whether the total is what it was."""
        self._checked = self._spool.units
        numbers = spread([*self._checked], self._care.recheck)
        found: Counter[_Again] = Counter()
        for _, again in self._checker.ask(numbers):
            found[again] += 1
            self._progress(Step("checking", found.total(), len(numbers), self._rows, rejects=None))
        self._rechecked += len(numbers)
        if found["total"]:
            return False
        if found["rows"]:
            self._doubts.append(f"{several(found['rows'], 'page')} had other rows when asked again")
        return True

    def _compare(self, number: int) -> "_Again":
        """Ask for a page again, and keep it where it is another; called in threads."""
        page, old = self._ask(number), self._checked[number]
        moved = page.total_records not in {old.facts["total"], None}
        if not moved and digest_rows(page.rows) == old.digest:
            return "same"
        key, before = self._spool.key, self._spool.read(number)
        keys = [read_keys(rows, key) for rows in (page.rows, before)]
        self._put(page)
        if moved:
            return "total"
        # Other values of the same rows are news, and no sign that rows were missed.
        return "same" if key and keys[0].equals(keys[1]) else "rows"


_Again = Literal["same", "rows", "total"]


def _turn(unit: Unit) -> int:
    """Say when a page was read, among the others."""
    turn: int = unit.facts["turn"]
    return turn
