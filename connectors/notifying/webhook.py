"""A notice as JSON to a URL."""

import httpx

from connectors.notifying.ways import Notice, NotSent

__all__ = ["post"]

_TIMEOUT = 10.0


def post(url: str, host: str, notice: Notice) -> None:
    """Post the facts of a notice; any 2xx is a yes, and no more of the answer is read.

    Redirects are not followed.

    Raises:
        NotSent: there was no such answer.
    """
    try:
        with (
            httpx.Client(timeout=_TIMEOUT) as client,
            client.stream("POST", url, json=dict(notice.facts)) as answer,
        ):
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The message of the library may repeat the URL.
        raise NotSent(f"{host} was not reached ({type(error).__name__})") from None
    if not 200 <= status < 300:
        raise NotSent(f"{host} answered {status}")
