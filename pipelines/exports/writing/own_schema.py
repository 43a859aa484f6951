"""A pandera schema of the user's own: what it says of types wins, and it judges every row."""

from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.feeds.reading import FeedError
from pipelines.own_functions import Function, find_function
from transforms.cells import ColumnType, type_of

if TYPE_CHECKING:
    from pandera.polars import DataFrameSchema

__all__ = ["OwnSchema"]


class OwnSchema:
    """The schema that a function in `pipelines/functions/` gives.

    Args:
        name: the function's. It takes nothing, and gives a `pandera.polars.DataFrameSchema`, or a
            `DataFrameModel`.

    Raises:
        FeedError: there is no such function, or it gives no schema.
    """

    def __init__(self, name: str) -> None:
        import pandera.polars as pa  # noqa: PLC0415  (takes seconds, and few feeds have a schema)

        self._function = find_function(name)
        try:
            made: Any = self._function.call()
            made = made.to_schema() if hasattr(made, "to_schema") else made
        except Exception as error:  # noqa: BLE001  (code of the user's may raise anything)
            raise _refuse(self._function, f"failed: {type(error).__name__}") from None
        if not isinstance(made, pa.DataFrameSchema):
            raise _refuse(self._function, f"gave a {type(made).__name__}, no pandera schema")
        self._schema: DataFrameSchema = made

    @property
    def types(self) -> dict[str, ColumnType]:
        """The types of its columns, of those that have one."""
        return {name: type_of(kind) for name, kind in self._exact.items()}

    def judge(
        self, rows: pl.DataFrame, contract: str
    ) -> tuple[pl.DataFrame, dict[str, tuple[str, pl.Series]]]:
        """Let the schema judge typed rows.

        Returns:
            The rows, without the values at fault if these alone are discarded; and for each column
            at fault why, and in which rows.

        Raises:
            FeedError: the contract keeps nothing out and a row is at fault, or the fault is not
                one of single rows.
        """
        from pandera.errors import SchemaErrors  # noqa: PLC0415  (as above)

        judged = rows.with_columns(
            [pl.col(n).cast(k) for n, k in self._exact.items() if n in rows.columns]
        )
        try:
            self._schema.validate(judged, lazy=True)
        except SchemaErrors as errors:
            cases = errors.failure_cases
        except Exception as error:  # noqa: BLE001  (checks of the user's may raise anything)
            raise _refuse(self._function, f"failed: {type(error).__name__}") from None
        else:
            return rows, {}
        told = ", ".join(
            f"{column} {str(check).partition('(')[0]}: {count}"
            for column, check, count in cases.group_by("column", "check")
            .len()
            .sort("column")
            .rows()
        )
        discards = contract.startswith("discard")
        if not discards or cases["index"].null_count() or cases["column"].null_count():
            raise _refuse(self._function, f"refuses rows ({told[:300]}); nothing was published")
        masks = {}
        for (column,), own in cases.group_by("column", maintain_order=True):
            places = own["index"].cast(pl.UInt32).unique()
            mask = pl.int_range(rows.height, dtype=pl.UInt32, eager=True).is_in(places.implode())
            checks = ", ".join(sorted({str(c).partition("(")[0] for c in own["check"]}))
            masks[str(column)] = (f"{column}: {checks}", mask)
        if contract == "discard_value":
            rows = rows.with_columns(
                pl.when(~pl.lit(mask)).then(pl.col(name)).alias(name)
                for name, (_, mask) in masks.items()
                if name in rows.columns
            )
        return rows, masks

    @property
    def _exact(self) -> dict[str, pl.DataType]:
        """The types in full: an Int32 is kept as an Int64, and judged as what it is."""
        found = {}
        for name, column in self._schema.columns.items():
            kind = getattr(column.dtype, "type", None)
            if kind is not None:
                found[str(name)] = kind() if isinstance(kind, type) else kind
        return found


def _refuse(function: Function, message: str) -> FeedError:
    return FeedError(f"the schema {function.name} {message}", function.file)
