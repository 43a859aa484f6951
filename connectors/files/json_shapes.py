"""What lies where in JSON records, as polars has to be told before it reads them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import polars as pl

from connectors.files.nested import Layout
from connectors.files.paths import Path

_NAMES = 400  # more are no names but values


class MixedError(Exception):
    """Something is wanted, or was found, in two ways that one column cannot hold."""


@dataclass
class Shape:
    """A text, a group of names, or a list of either.

    Attributes:
        below: the names in the group; none of a text.
        text: whether a text is wanted here.
        many: whether this is a list; None while nothing says.
    """

    below: dict[str, "Shape"] = field(default_factory=dict)
    text: bool = False
    many: bool | None = None

    @classmethod
    def of(cls, layout: Layout) -> Self:
        """Say what shape a record must have for the columns of a layout.

        Raises:
            MixedError: no one shape has them all.
        """
        shape = cls()
        for path in layout.header.values():
            shape._plant(path)
        items = layout.items
        for path in layout.item.values():
            shape._plant((*items, *path), items=len(items))
        shape.dtype()
        return shape

    def _plant(self, path: Path, *, items: int = 0) -> None:
        place: Shape = self
        for depth, step in enumerate(path, 1):
            place = place.below.setdefault(step.name, Shape())
            many = step.chooses or depth == items
            if place.many not in {None, many}:
                raise MixedError
            place.many = many
            if step.key:
                place.below.setdefault(step.key, Shape(many=False)).text = True
        place.text = True

    def dtype(self) -> pl.DataType:
        """Return the polars type.

        Raises:
            MixedError: both a text and a group are wanted in one place.
        """
        if self.text and self.below:
            raise MixedError
        inner: pl.DataType = pl.String()
        if self.below:
            inner = pl.Struct({name: shape.dtype() for name, shape in self.below.items()})
        return pl.List(inner) if self.many else inner

    def schema(self) -> dict[str, Any]:
        """Return the schema of records of this shape."""
        return {name: shape.dtype() for name, shape in self.below.items()}

    def learn(self, records: Iterable[dict[str, Any]]) -> None:
        """Take up the names in records beside those wanted.

        Raises:
            MixedError: they lie in more ways than polars can be told.
        """
        for record in records:
            self.take(record)
        if self.count() > _NAMES:
            raise MixedError

    def take(self, group: dict[str, Any]) -> None:
        """Take up the names in one group, and in those below it.

        Raises:
            MixedError: they lie in more ways than polars can be told.
        """
        for name, value in group.items():
            if value is None or value == []:
                continue
            place = self.below.setdefault(name, Shape())
            many = isinstance(value, list)
            if place.many not in {None, many}:
                raise MixedError
            place.many = many
            for inner in value if many else (value,):
                if isinstance(inner, dict) and not place.text:
                    place.take(inner)
                elif isinstance(inner, dict | list) or place.below:
                    if inner is not None:
                        raise MixedError
                else:
                    place.text = True

    def count(self) -> int:
        """Count the names, its own and all below it."""
        return 1 + sum(shape.count() for shape in self.below.values())


def count_filled(column: pl.Series) -> int:
    """Count the values in a column that are not null; groups are some, and what lies in them."""
    filled = len(column) - column.null_count()
    if isinstance(column.dtype, pl.List):
        if isinstance(column.dtype.inner, pl.String):
            return filled
        column = column.explode()
    if isinstance(column.dtype, pl.Struct):
        filled += sum(map(count_filled, column.struct.unnest()))
    return filled
