"""Which request a rule hits: decided by the rule's own count of requests, so it can be repeated.

Every rule counts the requests of its method and path, in the order in which they arrived whole, and
draws once for each from a random generator of its own. Rules do not disturb each other: adding one
at the end changes nothing for those before it.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random

from sandbox.faults.plan import Plan
from sandbox.faults.rules import KINDS, Rule, WrongPage
from sandbox.settings import OnRepeat

_BY_CONTENT = frozenset({"too_large", "poison", "quarantine"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as far as a rule can choose it; `path` is below the base path."""

    method: str
    path: str
    query: Mapping[str, str]


@dataclass(slots=True)
class Counted:
    """A rule, and how far it has come.

    Attributes:
        seen: the requests of its method and path.
        fired: how many of them it hit; a rule about what a request holds counts those it refused.
        left: what is left of a burst.
    """

    rule: Rule
    random: Random
    seen: int = 0
    fired: int = 0
    left: int = 0

    def wants(self, asked: Asked) -> bool:
        """Count this request, and tell whether the rule hits it."""
        rule = self.rule
        if not _is_about(rule, asked):
            return False
        self.seen += 1
        # Drawn outside of the window too: `after` moves no draw to another request.
        drawn = self.random.random()
        place = self.seen - rule.after
        if place < 1 or (rule.until is not None and self.seen > rule.until):
            return False
        if (
            (rule.share is None or drawn < rule.share)
            and (rule.every is None or place % rule.every == 0)
            and (rule.first is None or place <= rule.first)
            and (rule.requests is None or self.seen in rule.requests)
        ):
            self.left = rule.burst
        if self.left == 0:
            return False
        self.left -= 1
        return True


def _is_about(rule: Rule, asked: Asked) -> bool:
    said = f"{asked.method} {asked.path}"
    if rule.method not in (None, asked.method) or not said.startswith(KINDS[rule.fault][1]):
        return False
    if isinstance(rule, WrongPage) and rule.pages is not None:
        page = asked.query.get("page", "1")
        if page not in map(str, rule.pages):
            return False
    return rule.path is None or fnmatchcase(asked.path, rule.path)


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule hits a request; `number` counts the hits of this rule, from 1."""

    rule: Rule
    number: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is wrong with one request: at most one fault, and rules about what it holds."""

    hit: Hit | None = None
    content: tuple[Counted, ...] = ()
    seed: int = 0


@dataclass(slots=True)
class Faults:
    """The rules in force; they may be replaced while requests come."""

    plan: Plan
    _rules: list[Counted] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self.replace(self.plan)

    def replace(self, plan: Plan) -> None:
        """Put other rules in force; every count begins anew."""
        rules = [Counted(rule, Random(f"{plan.seed}:{i}")) for i, rule in enumerate(plan.rules)]  # noqa: S311 - to be repeated, not to be secret
        with self._lock:
            self.plan, self._rules = plan, rules

    def repeats(self, usual: OnRepeat) -> OnRepeat:
        """Return what happens to a repeated receipt."""
        return self.plan.repeats or usual

    def choose(self, asked: Asked) -> Chosen:
        """Count a request with every rule; of several that want it the first listed hits it."""
        with self._lock:
            wanting = [counted for counted in self._rules if counted.wants(asked)]
            content = tuple(c for c in wanting if c.rule.fault in _BY_CONTENT)
            for counted in wanting:
                if counted.rule.fault not in _BY_CONTENT:
                    counted.fired += 1
                    return Chosen(Hit(counted.rule, counted.fired), content, self.plan.seed)
            return Chosen(None, content, self.plan.seed)

    def count_refused(self, counted: Counted) -> None:
        """Count a request that a rule about its content refused."""
        with self._lock:
            counted.fired += 1

    def tell(self) -> dict[str, object]:
        """Return the rules as they were given, each with what it saw and how often it fired."""
        with self._lock:
            rules = [
                c.rule.model_dump(mode="json", exclude_unset=True)
                | {"seen": c.seen, "fired": c.fired}
                for c in self._rules
            ]
            return {"seed": self.plan.seed, "repeats": self.plan.repeats, "rules": rules}
