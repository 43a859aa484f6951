"""The forms of a feed's mapping as what fills its fields."""

from typing import Literal

from pipelines.feeds.ids import CustomerOf
from pipelines.feeds.mapping import (
    Column,
    ConstantWord,
    FirstOf,
    FunctionWord,
    Instead,
    Join,
    ListOf,
    Mapped,
    Split,
    TakenColumn,
    Template,
    When,
    split_template,
)
from pipelines.own_functions import find_function, guard
from transforms import mapping as fill


def values_of(name: str, mapped: Mapped) -> fill.Values:  # noqa: C901, PLR0911  (one for each form)
    """Say where the value of a field comes from; a function that it names is imported.

    Raises:
        FeedError: the function cannot be imported, or takes another number of columns.
    """
    match mapped:
        case str():
            return fill.FromColumn(mapped)
        case CustomerOf():  # who that is, `pipelines.fields` says
            return fill.FromColumn(mapped.customer_of)
        case ConstantWord():
            return fill.Constant(mapped.constant)
        case Column(column=column, extract=None, lookup=None):
            return fill.FromColumn(column)
        case Column():
            assert not isinstance(mapped.lookup, str)
            return fill.Looked(mapped.column, mapped.extract, mapped.lookup, _otherwise(mapped))
        case FirstOf():
            return fill.FirstOf(tuple(mapped.first_of))
        case Join():
            return fill.Joined(tuple(mapped.join), mapped.with_)
        case Split():
            return fill.Part(mapped.split, mapped.at, mapped.part)
        case ListOf():
            return fill.Listed(tuple(mapped.list), mapped.at)
        case Template():
            parts = split_template(mapped.template)
            filled = (
                fill.FromColumn(t) if is_column else fill.Constant(t) for is_column, t in parts
            )
            return fill.Filled(tuple(filled))
        case When():
            return _chosen(mapped)
        case FunctionWord():
            function = guard(find_function(mapped.function), name, mapped.columns)
            return fill.Made(function, tuple(mapped.columns))


def _otherwise(column: Column) -> Literal["reject", "keep"] | fill.Constant:
    if column.otherwise is None or isinstance(column.otherwise, Instead):
        return fill.Constant(column.otherwise.value if column.otherwise else "")
    return column.otherwise


def _chosen(when: When) -> fill.Chosen:
    then, otherwise = (
        fill.FromColumn(side.column) if isinstance(side, TakenColumn) else fill.Constant(side or "")
        for side in (when.then, when.otherwise)
    )
    asks, words = _asked(when)
    return fill.Chosen(when.when.column, asks, words, then, otherwise)


def _asked(when: When) -> tuple[fill.Question, tuple[str, ...]]:
    asked = when.when
    if asked.matches is not None:
        return "matches", (asked.matches,)
    if asked.empty is not None:
        return "empty" if asked.empty else "filled", ()
    words = asked.is_ if asked.is_ is not None else asked.is_not
    texts = (words,) if isinstance(words, str) else tuple(words or ())
    return "is" if asked.is_ is not None else "is_not", texts
