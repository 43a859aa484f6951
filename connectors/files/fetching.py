"""Files from elsewhere, S3 or SFTP, as copies that are read like any other file."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import SplitResult, urlsplit

from connectors.files.source import Limits, NoFile, SourceError
from connectors.files.stores import Files, Remote, open_store, show_url

EXTRAS = {
    "s3": "s3",
    "sftp": "sftp",
}
"""Scheme of a URL → what to install for it (`pip install -e '.[s3]'`)."""
_AT_ONCE = 4 << 20
Progress = Callable[[int, int], None]
"""Told the bytes that have come, and those that are to come in all."""


def is_url(text: str) -> bool:
    """Tell whether a source is no path here, but a URL."""
    scheme, separator, _ = text.partition("://")
    return bool(separator) and scheme.isalnum()


def hide_password(url: str) -> str:
    """Give a URL that may be written down: a password in it is refused, so it need not be kept."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    user, at, host = place.rpartition("@")
    name, _, secret = user.partition(":")
    if at:
        return f"{scheme}://{name}:***@{host}{slash}{path}" if secret else url
    if (after := place.partition(":")[2]) and not after.isdigit():  # its password has a slash
        return f"{scheme}://***:***@{path.rpartition('@')[2]}"
    return url


def fetch(
    url: str, folder: Path, limits: Limits, progress: Progress = lambda _done, _all: None
) -> Path:
    """Copy what a URL names into a folder, for its owner only.

    Who may read it is said by the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or any
    other way that AWS's own tools know), SFTP_USER, SFTP_PASSWORD or SFTP_KEY_FILE or the ssh
    agent. A host of SFTP must be known: in ~/.ssh/known_hosts or the file that SFTP_KNOWN_HOSTS
    names.

    Args:
        url: such as `sftp://host/in/members.csv`, `s3://bucket/in/members_*.csv.gz`.
        folder: where to; it is made.
        limits: how much it may be.
        progress: called now and then.

    Returns:
        The file; where the URL is a pattern, the folder with all that it finds.

    Raises:
        SourceError: the URL is of no known kind or holds a password, what it needs is not
            installed, or the files cannot be fetched whole.
    """
    parts = _check(url)
    with _told(url), closing(open_store(parts)) as files:
        found = _list(url, files, parts, limits)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        total = sum(each.size for each in found)
        names = _name(url, found)
        done = 0
        for each, name in zip(found, names, strict=True):
            copy = _Copy(url, folder / name, each.size)
            with files.open(each) as remote:
                for size in copy.write(remote):
                    done += size
                    progress(done, total)
            if files.look(each.path) != each:
                what = "the file was changed while it was fetched"
                raise SourceError(show_url(url), what, "wait until it is written whole")
            copy.keep()
    return folder if _is_pattern(parts) else folder / names[0]


def is_at(url: str) -> bool:
    """Tell whether there is a file that a URL names.

    Raises:
        SourceError: nobody can tell: what `fetch` raises, but for a file that is missing.
    """
    parts = _check(url)
    with _told(url), closing(open_store(parts)) as files:
        try:
            return bool([files.look(path) for path in files.find(pattern=_is_pattern(parts))])
        except FileNotFoundError:
            return False


def _check(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, secret = parts.hostname, parts.password
    except ValueError:
        raise SourceError("source.path", "this is no URL", "correct it") from None
    scheme, shown = parts.scheme, show_url(url)
    if secret is not None:
        what = "the URL holds a password"
        raise SourceError(shown, what, "take it out, and set it in the environment")
    if scheme == "file":
        raise SourceError(shown, "this file lies here", "name its path, without file://")
    if scheme not in EXTRAS:
        known = ", ".join(f"{each}://" for each in EXTRAS)
        raise SourceError(shown, f"{scheme}:// is not known", f"use one of {known}")
    if not host or not parts.path.strip("/"):
        raise SourceError(shown, "the URL names no file", "write scheme://host/path/file")
    return parts


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Say what went wrong in one line, without anything that could be secret."""
    shown, scheme = show_url(url), urlsplit(url).scheme
    try:
        yield
    except SourceError:
        raise
    except ImportError:
        what = f"{scheme}:// needs a package that is not installed"
        todo = f"pip install -e '.[{EXTRAS[scheme]}]'"
        raise SourceError(shown, what, todo) from None
    except FileNotFoundError:
        raise NoFile(shown, "no such file", "check the path of the feed's source") from None
    except PermissionError:
        what = "access is denied"
        raise SourceError(shown, what, "check the credentials in the environment") from None
    except Exception as error:  # noqa: BLE001  (each kind of store has errors of its own)
        why = getattr(error, "strerror", None) or type(error).__name__
        what = f"it cannot be fetched ({why})"
        raise SourceError(
            shown, what, "check the address and credentials, then run again"
        ) from None


class _Copy:
    """One file on its way to the disk, under another name until it is whole."""

    def __init__(self, url: str, path: Path, size: int) -> None:
        self._url = url
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        self._size = size

    def write(self, remote: IO[bytes]) -> Iterator[int]:
        """Write what comes, and tell how much that is each time."""
        came = 0
        self._part.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(self._part, flags, 0o600), "wb") as file:
            # One byte more than was told shows that there is more.
            while block := remote.read(min(_AT_ONCE, self._size + 1 - came)):
                file.write(block)
                came += len(block)
                yield len(block)
        if came != self._size:
            self._part.unlink()
            what = f"{came:,} of {self._size:,} bytes came"
            raise SourceError(show_url(self._url), what, "run again when it is written whole")

    def keep(self) -> None:
        """Give the file its name."""
        self._part.replace(self._path)


def _list(url: str, files: Files, parts: SplitResult, limits: Limits) -> list[Remote]:
    found = [files.look(path) for path in files.find(pattern=_is_pattern(parts))]
    if not found:
        what = "no file has such a name"
        raise SourceError(show_url(url), what, "check the path of the feed's source")
    if len(found) > limits.members:
        what = f"more than {limits.members:,} files"
        raise SourceError(show_url(url), what, "if that is right, raise source.limits.members")
    if sum(each.size for each in found) > limits.file_bytes:
        what = f"more than {limits.file_bytes >> 20:,} MB"
        raise SourceError(show_url(url), what, "if that is right, raise source.limits.file_mb")
    return found


def _name(url: str, found: list[Remote]) -> list[str]:
    names = [PurePosixPath(each.path).name for each in found]
    if len(set(names)) < len(names):
        what = "two files have the same name, in different folders"
        raise SourceError(show_url(url), what, "load each folder by itself")
    if bad := [name for name in names if name in {"", "..", "."} or "\0" in name]:
        raise SourceError(show_url(url), f"{bad[0]!r} is no name of a file", "name a file")
    return names


def _is_pattern(parts: SplitResult) -> bool:
    return any(sign in parts.path for sign in "*[")
