"""Stores that files lie in, through fsspec: what is there, and its bytes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from connectors.files.source import HIDDEN, SourceError

_AT_ONCE = 4 << 20
_REQUESTS = 64
_TIMEOUT = 60.0
"""Seconds that a server may be silent."""


class Remote(NamedTuple):
    """A file in a store, as it is at the moment."""

    path: str
    size: int
    state: tuple[str, ...]
    """What would be another if the file were another."""


def show_url(url: str) -> str:
    """Give a URL as it may be shown: without a password, and without what follows a `?`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class Files:
    """The files of one store."""

    def __init__(self, parts: SplitResult, system: Any) -> None:  # noqa: ANN401  (fsspec has no types)
        self._system = system
        self._path = self._place(parts)

    def _place(self, parts: SplitResult) -> str:
        return f"{parts.hostname}{parts.path}"

    def find(self, *, pattern: bool) -> list[str]:
        """List the paths that the URL names."""
        if not pattern:
            return [self._path]
        hits = self._system.glob(self._path, detail=True)
        return sorted(
            path
            for path, info in hits.items()
            if info["type"] == "file" and not PurePosixPath(path).name.startswith(HIDDEN)
        )

    def look(self, path: str) -> Remote:
        """Say what a file is now."""
        info = self._system.info(path)
        if info["type"] != "file":
            raise IsADirectoryError(21, "this is a folder: name a pattern such as /*.csv")
        told = ("ETag", "mtime", "LastModified")
        state = tuple(str(info[name]) for name in told if name in info)
        return Remote(path, int(info["size"]), state)

    @contextmanager
    def open(self, remote: Remote) -> Iterator[IO[bytes]]:
        """Open a file to be read from front to back."""
        with self._system.open(
            remote.path, "rb", cache_type="readahead", block_size=_AT_ONCE
        ) as file:
            yield file

    def close(self) -> None:
        """End the connection, where there is one to end."""


class _Sftp(Files):
    def _place(self, parts: SplitResult) -> str:
        return parts.path

    @contextmanager
    def open(self, remote: Remote) -> Iterator[IO[bytes]]:
        with self._system.ftp.open(remote.path, "rb") as file:
            # Without this each 32 kB would wait for the one before.
            file.prefetch(remote.size, _REQUESTS)
            yield file

    def close(self) -> None:
        self._system.client.close()


def open_store(parts: SplitResult) -> Files:
    """Connect to the store that a URL names."""
    import fsspec  # noqa: PLC0415  (slow to import, and few sources are elsewhere)

    fresh = {"skip_instance_cache": True, "use_listings_cache": False}
    if parts.scheme == "sftp":
        return _Sftp(parts, _open_sftp(parts))
    times = {"connect_timeout": _TIMEOUT, "read_timeout": _TIMEOUT}
    return Files(parts, fsspec.filesystem("s3", config_kwargs=times, **fresh))


def _open_sftp(parts: SplitResult) -> Any:  # noqa: ANN401  (fsspec has no types)
    import paramiko  # noqa: PLC0415  (an extra)
    from fsspec.implementations.sftp import SFTPFileSystem  # noqa: PLC0415  (it imports paramiko)

    class KnownHosts(SFTPFileSystem):  # type: ignore[misc]  # no types
        """As fsspec's own, which would take the word of any host."""

        def _connect(self) -> None:
            self.client = paramiko.SSHClient()
            known = os.environ.get("SFTP_KNOWN_HOSTS")
            self.client.load_system_host_keys(known)
            self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
            self.client.connect(self.host, **self.ssh_kwargs)
            self.ftp = self.client.open_sftp()
            self.ftp.get_channel().settimeout(_TIMEOUT)

    words: dict[str, Any] = {
        "port": parts.port or 22,
        "username": parts.username or os.environ.get("SFTP_USER"),
        "password": os.environ.get("SFTP_PASSWORD"),
        "key_filename": os.environ.get("SFTP_KEY_FILE"),
        "timeout": _TIMEOUT,
        "banner_timeout": _TIMEOUT,
        "auth_timeout": _TIMEOUT,
    }
    try:
        return KnownHosts(parts.hostname, **words, skip_instance_cache=True)
    except paramiko.AuthenticationException:
        raise PermissionError from None
    except paramiko.SSHException as error:
        if "known_hosts" not in str(error):
            raise
        what = f"the host {parts.hostname} is not known"
        todo = "compare its key with what its owner says, then add it to ~/.ssh/known_hosts"
        raise SourceError(show_url(parts.geturl()), what, todo) from None
