"""What a code is."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["configuration", "network", "run"]
EXITS: dict[Kind, int] = {"configuration": 1, "network": 2, "run": 3}
"""The exit code of a command that ends with an error."""


@dataclass(frozen=True)
class Code:
    """A short name of something that goes wrong; it stays as it is from version to version.

    Attributes:
        cause: what it means, in one line.
        fix: what to do, in one line; commands stand in backquotes.
    """

    cause: str
    fix: str


@dataclass(frozen=True)
class Ending(Code):
    """A code of what ends a command or a run, and of what kind it is."""

    kind: Kind
