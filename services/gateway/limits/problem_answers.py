"""Problems answered below the framework, where there is no request object and no exception handler."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import orjson
from starlette.types import Send

from services.gateway.api.problems import PROBLEM_TYPE

Headers = Iterable[tuple[bytes, bytes]]
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


def problem_body(status: int, detail: str, *, kind: str = "about:blank", **more: Any) -> bytes:
    """Write a problem document."""
    return orjson.dumps(
        {"type": kind, "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    )


async def send_problem(send: Send, status: int, detail: str, headers: Headers = (), **more: Any) -> None:
    """Answer with a problem; ``more`` are further members of its document."""
    await send_body(send, status, problem_body(status, detail, **more), headers)


async def send_body(send: Send, status: int, body: bytes, headers: Headers = ()) -> None:
    """Answer with a problem that is written already."""
    start = [
        (b"content-type", PROBLEM_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body, "more_body": False})
