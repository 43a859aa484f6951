"""Hashes of files, as manifests have them."""

import hashlib
from pathlib import Path

__all__ = ["hash_file"]


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
