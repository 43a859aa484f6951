"""Rules about what a request holds: they refuse all of it, and nothing of it is stored."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandbox.answers import Refusal
from sandbox.faults.chosen import Counted
from sandbox.faults.pages import Bad, refuse_bad
from sandbox.faults.rules import Poison, Quarantine, TooLarge

_CUSTOMER_KEYS = ("id", "externalId", "mobilePhone", "email")


@dataclass(frozen=True, slots=True)
class Content:
    """The rules that look into one request."""

    rules: tuple[Counted, ...] = ()
    seed: int = 0
    count: Callable[[Counted], None] = lambda _: None

    def judge_receipts(self, ids: Sequence[str], size: int) -> None:
        """Refuse a batch of receipts with these ids, `size` bytes long, where a rule says so."""
        if self.rules:
            self._judge(ids, size, "receiptId", "ReceiptRequests[{}].Header.ReceiptId")

    def judge_members(self, name: str, ids: Sequence[object], size: int) -> None:
        """Refuse members with these externalIds, in the array called `name`."""
        if self.rules:
            texts = [value if isinstance(value, str) else "" for value in ids]
            brackets = name.replace("{", "{{").replace("}", "}}")
            self._judge(texts, size, "externalId", f"{brackets}[{{}}].externalId")

    def judge_record(self, ids: Mapping[str, str], place: str = "{}") -> None:
        """Refuse a single record that is named by these ids, where a rule says so."""
        for counted in self.rules:
            rule = counted.rule
            if isinstance(rule, Poison):
                hit = set(self._find(rule, list(ids.values())))
                bad = [
                    Bad(name, value, place.format(name))
                    for i, (name, value) in enumerate(ids.items())
                    if i in hit
                ]
                if bad:
                    self.count(counted)
                    raise refuse_bad(rule, bad)

    def judge_customer(self, record: dict[str, object]) -> None:
        """Refuse a customer who is in quarantine (422), or whom a rule names."""
        if not self.rules:
            return
        known = {name: str(record[name]) for name in _CUSTOMER_KEYS if name in record}
        self.judge_record(known, "data.{}")
        keys = set(known.values())
        for counted in self.rules:
            rule = counted.rule
            if isinstance(rule, Quarantine) and (rule.ids is None or keys & set(rule.ids)):
                self.count(counted)
                # The contract has no sample; this is the envelope of its other refusals.
                raise Refusal(422, {})

    def _judge(self, ids: Sequence[str], size: int, id_name: str, place: str) -> None:
        for counted in self.rules:
            rule, refusal = counted.rule, None
            if isinstance(rule, TooLarge):
                refusal = _measure(rule, len(ids), size)
            elif isinstance(rule, Poison):
                bad = [Bad(id_name, ids[i], place.format(i)) for i in self._find(rule, ids)]
                refusal = refuse_bad(rule, bad) if bad else None
            if refusal is not None:
                self.count(counted)
                raise refusal

    def _find(self, rule: Poison, ids: Sequence[str]) -> Iterator[int]:
        listed = frozenset(rule.ids or ())
        for i, value in enumerate(ids):
            if value in listed or (rule.one_in and value and self._draw(value) % rule.one_in == 0):
                yield i

    def _draw(self, value: str) -> int:
        """Return a number that is the same for an id in every batch, on every machine."""
        digest = hashlib.blake2b(f"{self.seed}:{value}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big")


def _measure(rule: TooLarge, records: int, size: int) -> Refusal | None:
    for limit, found, what in ((rule.records, records, "records"), (rule.bytes, size, "bytes")):
        if limit is not None and found > limit:
            return Refusal(413, f"{found} {what} in one request, {limit} are taken")
    return None
