"""Telling values apart without telling them: hashes with a key that never leaves this machine."""

import json
import os
import re
import secrets
from contextlib import suppress
from hashlib import blake2b

from pipelines.settings import private_folder, state_dir

KEY_FILE = "hash.key"
_BYTES = 32


def hash_key() -> bytes:
    """Give the key of this state folder; it is made once, for its owner only.

    Raises:
        OSError: it cannot be written or read.
    """
    path = private_folder(state_dir()) / KEY_FILE
    made = path.with_name(f".{KEY_FILE}.{os.getpid()}")
    if not path.exists():
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        with suppress(FileExistsError):  # another process was first
            os.link(made, path)
        made.unlink()
    return path.read_bytes()


def tell_apart(key: bytes, value: str) -> str:
    """Hash a value: the same for the same value, and of no use without the key."""
    return blake2b(value.encode(), key=key, digest_size=6).hexdigest()


def shape_of(value: object) -> str:
    """Give the shape of a value: each letter an x, each digit a 9."""
    nested = isinstance(value, dict | list)
    text = json.dumps(value, ensure_ascii=False, default=str) if nested else str(value)
    return re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", text))


__all__ = ["KEY_FILE", "hash_key", "shape_of", "tell_apart"]
