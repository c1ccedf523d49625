"""aiokafka's connections on uvloop: writing to one that just broke is an error of the connection.

Between a connection's end and its reader's notice of it, asyncio's transport ignores what is written and uvloop's
raises ``RuntimeError``. aiokafka 0.14 expects an ``OSError`` and nothing else, so the error goes through to whatever
wrote. Where that was the client's metadata task, which nobody watches, the client never learns again where its
brokers are: when its next connection breaks, a consumer waits for ever without a word, and cannot even be stopped.
"""

from typing import Any

import aiokafka.conn
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError


class Connection(AIOKafkaConnection):  # type: ignore[misc]  # the library has no types
    """A connection that tells of its end as ``KafkaConnectionError``, on every event loop."""

    def send(self, request: Any, expect_response: bool = True) -> Any:
        """Send a request; gives what its response is awaited by."""
        try:
            return super().send(request, expect_response=expect_response)
        except RuntimeError as error:
            self._raise_if_closing(error)
            raise

    def _send_sasl_token(self, payload: bytes, expect_response: bool = True) -> Any:
        try:
            return super()._send_sasl_token(payload, expect_response=expect_response)
        except RuntimeError as error:
            self._raise_if_closing(error)
            raise

    def _raise_if_closing(self, error: RuntimeError) -> None:
        if self._writer is not None and self._writer.is_closing():
            self.close(reason=CloseReason.CONNECTION_BROKEN, exc=error)
            message = f"Connection at {self.host}:{self.port} broken: {error}"
            raise KafkaConnectionError(message) from error


def mend_connections() -> None:
    """Have every client of aiokafka in this process connect by ``Connection``."""
    aiokafka.conn.AIOKafkaConnection = Connection
