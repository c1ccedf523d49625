"""What a log line looks like, and what must never be in one."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.observability import TelemetrySettings, observe
from shared.observability.logs import configure_logs
from shared.observability.redaction import REDACTED, redact_secrets


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    logging.getLogger("aiokafka").setLevel(logging.NOTSET)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    configure_logs(TelemetrySettings(), stream)
    return stream


def test_a_line_is_one_json_object_with_time_level_logger_and_fields(stream: io.StringIO) -> None:
    structlog.get_logger("doso.forecast").info("refit", dealer_id="d1", series=12)
    (line,) = lines(stream)
    assert line["event"] == "refit"
    assert (line["level"], line["logger"], line["dealer_id"], line["series"]) == (
        "info",
        "doso.forecast",
        "d1",
        12,
    )
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(("level", "told"), [("INFO", False), ("DEBUG", True), ("WARNING", False)])
def test_what_the_client_tells_at_length_is_for_who_looks_for_it(level: str, told: bool) -> None:
    stream = io.StringIO()
    configure_logs(TelemetrySettings(log_level=level), stream)
    logging.getLogger("aiokafka.consumer.group_coordinator").info("every partition there is")
    logging.getLogger("aiokafka.consumer.group_coordinator").error("the coordinator is away")
    assert [line["event"] for line in lines(stream)][-1] == "the coordinator is away"
    assert (len(lines(stream)) == 2) is told


def test_a_library_that_was_silenced_stays_silent(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    access = logging.getLogger("uvicorn.access")
    monkeypatch.setattr(access, "propagate", False)  # what uvicorn's --no-access-log does
    monkeypatch.setattr(access, "handlers", [])
    configure_logs(TelemetrySettings(), stream)
    assert not access.hasHandlers()
    access.warning("GET /health")
    assert lines(stream) == []


def test_libraries_that_use_plain_logging_look_the_same(stream: io.StringIO) -> None:
    logging.getLogger("aiokafka.consumer").warning("rejoining %s", "group", extra={"topic": "inventory-updated"})
    (line,) = lines(stream)
    assert (line["event"], line["level"]) == ("rejoining group", "warning")
    assert (line["logger"], line["topic"]) == ("aiokafka.consumer", "inventory-updated")


def test_what_another_handler_left_on_a_record_is_not_said_twice(stream: io.StringIO) -> None:
    record = logging.LogRecord("uvicorn.error", logging.INFO, "", 0, "started %s", ("server",), None)
    record.color_message = "coloured"
    logging.Formatter("%(asctime)s %(message)s").format(record)
    logging.getLogger("uvicorn.error").handle(record)
    (line,) = lines(stream)
    assert line["event"] == "started server"
    assert not {"message", "asctime", "color_message"} & line.keys()


def test_the_level_is_kept(stream: io.StringIO) -> None:
    structlog.get_logger().debug("too much")
    logging.getLogger("asyncio").debug("too much")
    assert stream.getvalue() == ""


def test_lines_within_a_span_carry_its_ids_and_service(stream: io.StringIO) -> None:
    telemetry = observe("market", TelemetrySettings())
    configure_logs(TelemetrySettings(), stream)
    with telemetry.tracer.start_as_current_span("work") as span:
        structlog.get_logger("doso.vectors").info("inside")
    structlog.get_logger("doso.vectors").info("outside")
    inside, outside = lines(stream)
    context = span.get_span_context()
    assert inside["trace_id"] == f"{context.trace_id:032x}"
    assert inside["span_id"] == f"{context.span_id:016x}"
    assert inside["service"] == "market"
    assert not {"trace_id", "span_id", "service"} & outside.keys()


def test_services_in_one_process_share_a_log_and_each_line_names_its_own() -> None:
    first, second = observe("market", TelemetrySettings()), observe("forecast", TelemetrySettings())
    stream = io.StringIO()
    configure_logs(TelemetrySettings(), stream)
    first.logger.info("one")
    second.logger.info("two")
    assert [(line["service"], line["event"]) for line in lines(stream)] == [
        ("market", "one"),
        ("forecast", "two"),
    ]


def test_setting_up_twice_writes_each_line_once_to_the_last_stream(stream: io.StringIO) -> None:
    again = io.StringIO()
    configure_logs(TelemetrySettings(), again)
    structlog.get_logger().info("once")
    assert (len(lines(stream)), len(lines(again))) == (0, 1)


def test_people_at_a_terminal_get_no_json() -> None:
    terminal = Terminal()
    configure_logs(TelemetrySettings(), terminal)
    structlog.get_logger().info("refit", dealer_id="d1", password="hunter2")
    text = terminal.getvalue()
    assert "refit" in text
    assert not text.startswith("{")
    assert "hunter2" not in text


def test_the_format_can_be_forced_and_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSO_LOG_FORMAT", "json")
    monkeypatch.setenv("DOSO_LOG_LEVEL", "ERROR")
    terminal = Terminal()
    configure_logs(TelemetrySettings(), terminal)
    structlog.get_logger().warning("dropped")
    structlog.get_logger().error("kept")
    assert [line["event"] for line in lines(terminal)] == ["kept"]


@pytest.mark.parametrize("human", [False, True])
def test_a_traceback_shows_neither_local_variables_nor_the_passwords_of_urls(*, human: bool) -> None:
    stream = Terminal() if human else io.StringIO()
    configure_logs(TelemetrySettings(), stream)
    local_variable = "kept" + " to myself"
    try:
        message = "cannot reach postgresql://doso:hunter2@db:5432/doso"
        raise ConnectionError(message, len(local_variable))
    except ConnectionError:
        structlog.get_logger().exception("failed")
    assert "ConnectionError" in stream.getvalue()
    assert "kept to" not in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "DB_PASSWORD",
        "passwd",
        "token",
        "refreshToken",
        "client-secret",
        "Authorization",
        "X-API-Key",
    ],
)
def test_values_of_keys_that_name_a_secret_are_blanked_at_any_depth(key: str, stream: io.StringIO) -> None:
    structlog.get_logger().info("x", **{key: "hunter2"}, request={"headers": [{key: "hunter2", "host": "h"}]})
    assert "hunter2" not in stream.getvalue()
    (line,) = lines(stream)
    assert line["request"]["headers"][0] == {key: REDACTED, "host": "h"}


def test_plain_logging_is_redacted_too(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").error("boom", extra={"api_key": "hunter2", "dsn": "pg://u:hunter2@h/d"})
    assert "hunter2" not in stream.getvalue()


def test_credentials_inside_texts_are_blanked_and_the_rest_stays() -> None:
    event = redact_secrets(None, "", {"event": "to kafka://doso:hunter2@k:9092 with Bearer abc.def-ghijk ok"})
    assert event["event"] == f"to kafka://doso:{REDACTED}@k:9092 with Bearer {REDACTED} ok"


def test_a_password_with_an_at_sign_in_it_is_blanked_whole() -> None:
    event = redact_secrets(None, "", {"event": "amqp://doso:hun@ter2@k:9092/a@b, then pg://u:hunter@h or me@x"})
    assert event["event"] == f"amqp://doso:{REDACTED}@k:9092/a@b, then pg://u:{REDACTED}@h or me@x"


@given(st.dictionaries(st.sampled_from(["vin", "dealer_id", "event", "seconds"]), st.text(alphabet="abc 123")))
def test_lines_without_secrets_pass_unchanged(event: dict[str, str]) -> None:
    assert redact_secrets(None, "", dict(event)) == event


@pytest.mark.parametrize(
    "text",
    ["x" * 3_000_000, "basic " * 500_000, "://a:b" * 500_000, "://a:" + "b:" * 1_500_000, "basic" + " " * 3_000_000],
)
def test_a_text_of_millions_of_characters_is_gone_through_once_and_cut(stream: io.StringIO, text: str) -> None:
    """A pattern that takes the square of the length would not come back, and its process stand still meanwhile."""
    structlog.get_logger("doso.gateway").info("import ended", error=text)
    (line,) = lines(stream)
    assert line["error"] == f"{text[:10_000]} … {len(text) - 20_000} characters … {text[-10_000:]}"


def test_a_secret_at_the_cut_is_out_before(stream: io.StringIO) -> None:
    structlog.get_logger("doso.gateway").info(
        "told", error="x" * 19_980 + " amqp://doso:" + "hunter2" * 9 + "@db/doso"
    )
    assert "hunter" not in stream.getvalue()
