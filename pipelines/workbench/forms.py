"""Reading a form that was sent, bounded before anything of it is kept."""

from collections.abc import AsyncGenerator

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

__all__ = ["FormError", "read_form"]

MOST_FIELDS = 5_000
WORDS = 4 << 20
"""Bytes of a form beside its file."""


class FormError(Exception):
    """A form that is too large, or none. The message is one line."""


async def read_form(request: Request, most_file: int = 0) -> FormData:
    """Read a form; a file in it lies in a temporary file without a name.

    Args:
        request: whose body it is.
        most_file: bytes that a file in it may have; 0 where none is taken.

    Raises:
        FormError: it is larger, or no form.
    """
    most = WORDS + most_file
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > most:
        raise FormError(_too_large(most_file))
    kind, _ = parse_options_header(request.headers.get("content-type", ""))
    body = _bounded(request, most, most_file)
    try:
        if kind == b"multipart/form-data":
            files = 1 if most_file else 0
            parser = MultiPartParser(request.headers, body, max_files=files, max_fields=MOST_FIELDS)
            return await parser.parse()
        if kind == b"application/x-www-form-urlencoded":
            return await FormParser(request.headers, body, max_fields=MOST_FIELDS).parse()
    except MultiPartException as error:
        raise FormError(f"no form that can be read: {error.message}") from None
    raise FormError("no form")


async def _bounded(request: Request, most: int, most_file: int) -> AsyncGenerator[bytes, None]:
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > most:
            raise FormError(_too_large(most_file))
        yield chunk


def _too_large(most_file: int) -> str:
    if not most_file:
        return "the form is too large"
    return f"the file has more than {most_file >> 20} MB: use loyalty-etl guess FILE"
