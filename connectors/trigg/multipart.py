"""A file as the one part of a multipart/form-data body (contract: `import_file`)."""

from hashlib import sha256

__all__ = ["wrap_file"]

PART = "file"
"""The part that the API asks for."""


def wrap_file(content: bytes, name: str, content_type: str) -> tuple[bytes, str]:
    """Write the body that holds a file, and its content type; the same for the same file.

    Args:
        content: of the file.
        name: of the file, as plain ASCII without quotes.
        content_type: of the file.
    """
    boundary = sha256(content).hexdigest()[:40]
    while boundary.encode() in content:
        boundary = sha256(boundary.encode()).hexdigest()[:40]
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{PART}"; filename="{name}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    body = b"".join([head.encode(), content, f"\r\n--{boundary}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={boundary}"
