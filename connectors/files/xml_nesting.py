"""Which group of elements each tag of plain XML lies in, found in columns."""

import polars as pl

from connectors.files.nested import Layout
from connectors.files.paths import names_of

_DEEPER = 3  # levels of groups not wanted, below the deepest that is


class Nesting:
    """Follows the tags of groups; those of texts, which open and close at once, are left out.

    A tag is a number: that of its name, and for a closing tag `count` more.

    Attributes:
        leaves: each column's path, from the record's own name on.
        groups: the paths of all groups with columns, with codes from 1; the record's is 1.
        item: the code of the items' group; the record's if there are none.
    """

    def __init__(self, layout: Layout, record: str) -> None:
        items = (record, *names_of(layout.items))
        self.leaves = {c: (record, *names_of(path)) for c, path in layout.header.items()}
        self.leaves |= {c: (*items, *names_of(path)) for c, path in layout.item.items()}
        paths = [path[:end] for path in self.leaves.values() for end in range(1, len(path))]
        self.groups = {path: i for i, path in enumerate(dict.fromkeys([(record,), *paths]), 1)}
        self.item = self.groups[items]
        # Of all other groups there is one per record, or per item.
        self._single = {
            code: "item" if layout.items and path[: len(items)] == items else "record"
            for path, code in self.groups.items()
            if code not in (1, self.item)
        }
        self._numbers: dict[str, int] = {}
        self._steps: list[list[pl.Expr]] = []

    def number(self, names: dict[str, int]) -> None:
        """Take the numbers of the names."""
        self._numbers = names
        tag, depth, opens, count = pl.col("tag"), pl.col("depth"), pl.col("opens"), len(names)
        levels = range(1, max(map(len, self.groups)) + _DEEPER + 1)
        # The last tag opened at a level is the one to close there, and the one others lie in.
        last = {level: pl.col(f"open{level}") for level in levels}
        closes = [(depth == level - 1) & (last[level] == tag - count) for level in levels]
        fits = pl.when(opens).then(depth < levels.stop).otherwise(pl.any_horizontal(closes))
        code = pl.lit(0)
        for path, number in self.groups.items():
            here = [last[level] == names[name] for level, name in enumerate(path, 1)]
            inside = pl.all_horizontal(depth == len(path), *here)
            code = pl.when(inside).then(pl.lit(number)).otherwise(code)
        begins = {"record": 1, "item": self.item}
        self._steps = [
            [(tag < count).alias("opens")],
            [pl.when(opens).then(1).otherwise(-1).cum_sum().alias("depth")],
            [
                pl.when(opens & (depth == level)).then(tag).forward_fill().alias(f"open{level}")
                for level in levels
            ],
            [fits.alias("fits"), code.cast(pl.Int32).alias("code")],
            [
                (opens & (pl.col("code") == number)).cast(pl.Int64).cum_sum().sub(1).alias(name)
                for name, number in begins.items()
            ],
        ]

    def follow(self, tags: pl.Series) -> pl.DataFrame | None:
        """Tell the group that is open behind each tag.

        Returns:
            A row per tag: whether it `opens`, the `code` of the group open behind it (0 for one
            that is not wanted), the ordinals from 0 of its `record` and `item`. None if the tags
            do not nest, or in a way that lxml has a word on: something besides records, groups
            where texts should be, or one group twice.
        """
        groups = tags.alias("tag").to_frame()
        for step in self._steps:
            groups = groups.with_columns(step)
        if groups.is_empty() or not groups["fits"].all() or groups["depth"][-1] != 0:
            return None
        begun = groups.filter("opens")
        other = begun.filter(pl.col("code") == 0)
        texts = {self._numbers[path[-1]] for path in self.leaves.values()}
        if other["tag"].is_in(list(texts)).any() or (other["depth"] == 1).any():
            return None
        for code, owner in self._single.items():
            if has_twice(begun.filter(pl.col("code") == code)[owner]):
                return None
        return groups


def has_twice(owners: pl.Series) -> bool:
    """Tell whether an ordinal stands twice among ordinals in order."""
    return bool((owners[1:] == owners[:-1]).any())
