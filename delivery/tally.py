"""How far a load has come."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """What has come of a load so far: records by outcome, requests and bytes sent.

    `waiting` says in words what it waits for, empty while it gets on.
    """

    accepted: int = 0
    rejected: int = 0
    in_doubt: int = 0
    requests: int = 0
    bytes: int = 0
    waiting: str = ""


__all__ = ["Tally"]
