"""A file on its way in: read only once it is known who sends it and that he may, and never held in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from services.gateway.api.principal import FileSender, Gate, GateDep
from services.gateway.api.problems import ProblemError
from services.gateway.importing import of_the_disk
from services.gateway.limits.places import NoPlace

_PIECE = 1024 * 1024
_MOST_FIELDS = 20
_MOST_FIELD_BYTES = 64 * 1024
_NAME_LENGTH = 200


class UploadForm(BaseModel):
    """The fields beside the file."""

    dealer_id: UUID
    mode: Literal["snapshot", "delta"] = "snapshot"
    mapping: str | None = Field(default=None, description="JSON: your column to our field, or the reverse")
    as_of: date | None = Field(default=None, description="the day the file speaks of; today when absent")
    confirm: bool = Field(default=False, description="accept a snapshot that lacks over 30 % of the stock")
    by_store: bool = Field(
        default=False, description="rows go to the rooftop their store column names, those without one to dealer_id"
    )


class ReceivedUpload:
    """A file with its fields, received in full; it lies on the gateway's disk until the request is over."""

    def __init__(self, form: UploadForm, file: UploadFile) -> None:
        self.form = form
        self._file = file

    @property
    def filename(self) -> str:
        """The sender's name for the file."""
        return (self._file.filename or "file").replace("\x00", "")[:_NAME_LENGTH]

    async def pieces(self, most: int) -> AsyncIterator[bytes]:
        """Read the file a MiB at a time; raises 413 when it is larger than ``most`` bytes."""
        size = 0
        while piece := await self._file.read(_PIECE):
            size += len(piece)
            if size > most:
                message = f"The file is larger than {most // 1024 // 1024} MB: split it, or send Parquet."
                raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
            yield piece


async def receive_upload(request: Request, sender: FileSender, gate: GateDep) -> AsyncIterator[ReceivedUpload]:
    """Receive a form with one file, after its sender was let in; raises 422 for fields that do not fit."""
    async with _turn(gate, sender.tenant_id), _form(request) as given:
        file = given.get("file")
        fields = {name: value for name, value in given.items() if isinstance(value, str) and value}
        wrong: list[Any] = []
        try:
            form = UploadForm.model_validate(fields)
        except ValidationError as error:
            wrong += [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        if not isinstance(file, UploadFile):
            wrong.append({"loc": ("body", "file"), "msg": "Field required: the file itself", "type": "missing"})
        if wrong:
            raise RequestValidationError(wrong)
        yield ReceivedUpload(form, file)


Upload = Annotated[ReceivedUpload, Depends(receive_upload)]


@asynccontextmanager
async def _turn(gate: Gate, tenant_id: UUID) -> AsyncIterator[None]:
    """Take one of the few places for files; raises 429 when the group has all it may, 503 when all are taken."""
    try:
        with gate.uploads.taken({tenant_id: gate.settings.limits.max_uploads_per_tenant}):
            yield
    except NoPlace as error:
        retry = {"Retry-After": "10"}
        if error.whose == "own":
            message = f"Your group is sending {error.most} files already, as many as it may at once: wait for one."
            raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, message, headers=retry) from error
        message = "As many files as fit are being taken in right now: send this one again in a moment."
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, message, headers=retry) from error


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[Any]:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        wrong = {"loc": ("body",), "msg": "must be multipart/form-data with the file in it", "type": "multipart"}
        raise RequestValidationError([wrong])
    try:
        form = await request.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=_MOST_FIELD_BYTES)
    except ClientDisconnect as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "The connection ended before the file did.") from error
    except OSError as error:
        if not of_the_disk(error):
            raise
        message = "There is no room for the file right now. Nothing was accepted; try again later."
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, message, headers={"Retry-After": "60"}) from error
    try:
        yield form
    finally:
        await asyncio.shield(form.close())


_SCHEMA = UploadForm.model_json_schema()
UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", *_SCHEMA["required"]],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "contentMediaType": "application/octet-stream",
                        },
                        **_SCHEMA["properties"],
                    },
                }
            }
        },
    }
}
