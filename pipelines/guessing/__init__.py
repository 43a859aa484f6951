"""From an unknown file to a feed: its format, its columns, and what could not be decided."""

from pipelines.guessing.guess import guess_file, sample_columns
from pipelines.guessing.records import Guess, GuessError, Match
from pipelines.guessing.writing import write_yaml

__all__ = ["Guess", "GuessError", "Match", "guess_file", "sample_columns", "write_yaml"]
