"""The user's own functions in `pipelines/functions/`: finding, listing and calling them.

A function stands in a file of its own name. It gets a text series for each column, with null where
there is no value, and gives a series as long, of text or of what can be written as text.
"""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.failures import is_failure
from pipelines.feeds.reading import FeedError
from pipelines.feeds.tables import FUNCTIONS, function_names


@dataclass(frozen=True)
class Function:
    """A function of the user's.

    Attributes:
        name: what a feed calls it.
        parameters: what it takes, in order.
        about: the first line of its docstring.
        file: where it stands.
        call: the function itself.
    """

    name: str
    parameters: tuple[str, ...]
    about: str
    file: Path
    call: Callable[..., object]


def list_functions(folder: Path = FUNCTIONS) -> list[Function]:
    """Import all functions of a folder, in the order of their names.

    Raises:
        FeedError: a file cannot be imported, or has no function of its name.
    """
    return [find_function(name, folder) for name in function_names(folder)]


def find_function(name: str, folder: Path = FUNCTIONS) -> Function:
    """Import one function.

    Raises:
        FeedError: there is no such file, it cannot be imported, or has no function of its name.
    """
    file = folder / f"{name}.py"
    if not file.is_file():
        known = ", ".join(function_names(folder)) or "none"
        raise FeedError(f"no function is called {name}; functions: {known}", folder)
    spec = importlib.util.spec_from_file_location(f"pipelines.functions.{name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001  (code of the user's may raise anything)
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        raise FeedError(f"cannot be imported: {why}", file, _line_in(file, error)) from None
    call = getattr(module, name, None)
    if not inspect.isfunction(call):
        raise FeedError(f"has no function called {name}, as its file is", file)
    about = (inspect.getdoc(call) or "").split("\n")[0]
    return Function(name, tuple(inspect.signature(call).parameters), about, file, call)


def guard(
    function: Function, field: str, columns: Sequence[str]
) -> Callable[[Sequence[pl.Series]], pl.Series]:
    """Make a function safe to call: its mistakes are one line without any value.

    Args:
        function: the user's.
        field: the wire name that it makes.
        columns: the source columns that it gets.

    Raises:
        FeedError: it does not take as many columns; and, when called, it fails or gives something
            else than a series of text as long as the columns.
    """
    told = f"the function {function.name}, for {field} of {', '.join(columns)},"
    try:
        inspect.signature(function.call).bind(*columns)
    except TypeError:
        takes = ", ".join(function.parameters)
        message = f"{told} takes ({takes}), not {len(columns)}"
        raise FeedError(message, function.file) from None

    def call(series: Sequence[pl.Series]) -> pl.Series:
        try:
            made = function.call(*series)
        except BaseException as error:
            if not is_failure(error):
                raise
            line = _line_in(function.file, error)
            message = f"{told} failed: {type(error).__name__}"
            raise FeedError(message, function.file, line) from None
        if not isinstance(made, pl.Series):
            message = f"{told} gave a {type(made).__name__}, not a Series"
            raise FeedError(message, function.file)
        if len(made) != len(series[0]):
            message = f"{told} gave {len(made)} values for {len(series[0])} rows"
            raise FeedError(message, function.file)
        if made.dtype.is_nested() or made.dtype in (pl.Object, pl.Binary):
            raise FeedError(f"{told} gave {made.dtype}, which is no text", function.file)
        return made.cast(pl.String)

    return call


def _line_in(file: Path, error: BaseException) -> int:
    """Find the last line of the file that an error came through; 0 if none did."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
