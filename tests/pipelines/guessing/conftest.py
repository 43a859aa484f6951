"""What the tests of guessing share."""

import pytest

from pipelines.guessing import guess_file


@pytest.fixture
def guessed(tmp_path):
    """Return what guesses bytes."""

    def guess(data: bytes | str, name: str = "file.csv", target=None):
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return guess_file(path, target)

    return guess
