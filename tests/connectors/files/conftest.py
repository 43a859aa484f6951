"""Files to read, and the rows of what was read."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.files import FileSource
from connectors.files.reader import read


class Desk:
    """Writes a file and reads it back."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "input"

    def source(
        self, content: bytes | str, format_: str, columns: str, **options: Any
    ) -> FileSource:
        self.path.write_bytes(content.encode() if isinstance(content, str) else content)
        return FileSource(self.path, format_, tuple(columns.split()), **options)

    def frames(
        self, content: bytes | str, format_: str, columns: str, *, block: int = 0, **options: Any
    ) -> list[pl.DataFrame]:
        return list(read(self.source(content, format_, columns, **options), _block=block))

    def rows(
        self, content: bytes | str, format_: str, columns: str, *, block: int = 0, **options: Any
    ) -> list[tuple[Any, ...]]:
        """All rows, each with its `_fault` if any row has one, without its `_raw`."""
        frames = self.frames(content, format_, columns, block=block, **options)
        whole = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
        return whole.drop("_raw", strict=False).rows()


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"))
