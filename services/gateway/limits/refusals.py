"""Why a body is refused while it is read."""

from http import HTTPStatus

from starlette.exceptions import HTTPException


class BodyRefusedError(HTTPException):
    """Ends the reading of a body; the framework lets this kind through to where problems are made."""

    def __init__(self, status: HTTPStatus, reason: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status.value, detail, headers)
        self.reason = reason


def too_large(limit: int) -> BodyRefusedError:
    """Refuse what is larger than its kind of request may be."""
    return BodyRefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too large",
        f"The body is larger than {limit} bytes, the most that requests of this kind may have: send less at a time.",
    )


def encoded(encoding: str) -> BodyRefusedError:
    """Refuse a compressed body: unpacking is where a small request becomes a large one."""
    return BodyRefusedError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "encoding",
        f"Bodies encoded as {encoding[:40]!r} are not taken: send it as it is, without Content-Encoding.",
        {"Accept-Encoding": "identity"},
    )


def wrong_length(detail: str) -> BodyRefusedError:
    """Refuse a body that is not as long as it says."""
    return BodyRefusedError(HTTPStatus.BAD_REQUEST, "length", detail)


def too_slow() -> BodyRefusedError:
    """Refuse a body that does not come."""
    return BodyRefusedError(
        HTTPStatus.REQUEST_TIMEOUT, "slow", "The body came too slowly and was given up: send it again in one go."
    )


def misshapen(detail: str) -> BodyRefusedError:
    """Refuse JSON that would be costly to parse."""
    return BodyRefusedError(HTTPStatus.BAD_REQUEST, "shape", detail)
