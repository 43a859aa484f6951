"""Random schedules of faults, in the words of docs/sandbox.md."""

from random import Random
from typing import Any

LATEST = 0.15
"""Seconds after which a batch that is stored late is stored."""


def draw_rules(random: Random, ids: list[str]) -> list[dict[str, Any]]:
    """Draw one to five faults; most of them end after some requests, as troubles do."""
    rules = []
    for _ in range(random.randint(1, 5)):
        rule = _draw_kind(random, ids)
        if rule["fault"] not in {"poison", "too_large"}:
            rule |= _draw_when(random)
        rules.append(rule)
    return rules


def _draw_kind(random: Random, ids: list[str]) -> dict[str, Any]:
    some, end = random.choice(("none", "all", "half")), random.choice(("reset", "close"))
    kinds: list[dict[str, Any]] = [
        {"fault": "busy", "retry_after": random.choice(("none", 0.01, 1, "absurd"))},
        {"fault": "gateway", "stored": some},
        {"fault": "error_500", "stored": some},
        {"fault": "error_504", "stored": some},
        {"fault": "html_503", "stored": some},
        {"fault": "html_200", "stored": some},
        {"fault": "redirect"},
        {"fault": "forbidden", "method": "POST"},
        {"fault": "drop_before", "end": end},
        {"fault": "drop_after", "stored": random.choice(("all", "half")), "end": end},
        {"fault": "cut", "stored": random.choice(("all", "half")), "end": end},
        {"fault": "slow", "seconds": random.choice((0.0002, 0.01))},
        {"fault": "hang", "seconds": 5, "stored": some},
        {"fault": "late", "seconds": random.uniform(0, LATEST), "end": end},
        {"fault": "short", "stored": random.choice(("all", "half"))},
        {"fault": "too_large", "records": random.choice((2, 5, 8))},
        {
            "fault": "poison",
            "ids": random.sample(ids, random.randint(1, 12)),
            "status": random.choice((400, 409, 422)),
            "style": random.choice(
                ("string", "list", "paths", "object", "empty", "no_body", "html", "vague")
            ),
            "names": random.choice(("all", "first")),
        },
    ]
    return random.choice(kinds)


def _draw_when(random: Random) -> dict[str, Any]:
    when = random.choice(
        (
            {"share": round(random.uniform(0.02, 0.4), 2)},
            {"every": random.randint(2, 20)},
            {"first": random.randint(1, 12)},
            {"requests": sorted(random.sample(range(1, 60), 5))},
        )
    )
    rule: dict[str, Any] = {**when, "burst": random.choice((1, 1, 1, 3, 6))}
    if random.random() < 0.7:
        rule["method"] = "POST"
    if random.random() < 0.8:
        rule["until"] = random.randint(60, 150)
    return rule
