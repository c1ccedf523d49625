"""One log line a fact, in JSON, with the trace it belongs to."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Final, TextIO

import structlog
from opentelemetry import trace

from shared.observability.redaction import redact_secrets

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

    from shared.observability.settings import TelemetrySettings

# These bring handlers of their own; theirs go, so that every line looks the same.
_LIBRARIES: Final = ("uvicorn", "uvicorn.error", "uvicorn.access", "faststream", "aiokafka", "alembic")
_AT_LENGTH: Final = ("aiokafka",)
"""These tell as information what is of use to who looks for a fault in them: every partition, at every assignment."""

_LONGEST_TEXT: Final = 20_000
"""Characters: a traceback fits. What a stranger sent may be quoted in a line, and is not the log's to keep."""

_REPETITIONS: Final = frozenset({"message", "asctime", "color_message"})


class _ServiceHandler(logging.StreamHandler[TextIO]):
    """Our handler on the root logger, told apart from those of others by its class."""


def configure_logs(settings: TelemetrySettings, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging to one stream, in one shape.

    May be called again, and by each of several services in one process: the last call counts.
    `stream` overrides the one that the settings name.
    """
    target = stream or getattr(sys, settings.log_stream)
    human = settings.log_format == "console" or (settings.log_format == "auto" and target.isatty())
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        # Loggers of modules are made at import, before this runs.
        cache_logger_on_first_use=False,
    )
    handler = _ServiceHandler(target)
    handler.setFormatter(_formatter(common, human=human))
    root = logging.getLogger()
    root.handlers = [kept for kept in root.handlers if not isinstance(kept, _ServiceHandler)]
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        if not library.handlers and not library.propagate:
            continue  # silenced by whoever runs us, as by uvicorn's --no-access-log
        library.handlers.clear()
        library.propagate = True
    for name in _AT_LENGTH:
        logging.getLogger(name).setLevel(logging.WARNING if settings.log_level == "INFO" else logging.NOTSET)


def add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add trace_id, span_id and, where nobody named it, the service, of the span that is current.

    A structlog processor.
    """
    span = trace.get_current_span()
    context = span.get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    resource = getattr(span, "resource", None)
    if resource is not None and "service.name" in resource.attributes:
        event.setdefault("service", resource.attributes["service.name"])
    return event


def _without_repetition(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # What another handler, or uvicorn, leaves on a record only says the event once more.
    return {key: value for key, value in event.items() if key not in _REPETITIONS}


def _shortened(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: _cut(value) if isinstance(value, str) else value for key, value in event.items()}


def _cut(text: str) -> str:
    more, half = len(text) - _LONGEST_TEXT, _LONGEST_TEXT // 2
    # A traceback says at its end what went wrong.
    return f"{text[:half]} … {more} characters … {text[-half:]}" if more > 0 else text


def _formatter(common: list[Processor], *, human: bool) -> logging.Formatter:
    # Tracebacks are plain text on purpose: richer ones print local variables, and so secrets.
    render: list[Processor] = [structlog.processors.format_exc_info, redact_secrets]
    render.append(_shortened)  # after secrets are out: half of one is none that can be told
    render.append(structlog.dev.ConsoleRenderer() if human else structlog.processors.JSONRenderer(ensure_ascii=False))
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*common, structlog.stdlib.ExtraAdder(), _without_repetition],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )
