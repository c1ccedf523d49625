"""Talking to a running installation through its public REST API."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from doso.console import fail


class Client:
    """A signed-in user of the REST API; raises ``ApiError`` with the problem's own words."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/v1", timeout=60.0)
        token = self.request("POST", "/auth/token", data={"username": username, "password": password})
        self._http.headers["Authorization"] = f"Bearer {token['access_token']}"

    @classmethod
    def from_credentials(cls, path: Path) -> "Client":
        """Sign in with a credentials file."""
        if not path.exists():
            fail(f"no {path}: start the system with `doso up`, or name its --data-dir")
        known = json.loads(path.read_text(encoding="utf-8"))
        return cls(known["url"], known["username"], known["password"])

    def request(self, method: str, path: str, **arguments: Any) -> Any:
        """Send a request and give its JSON; raises ``ApiError`` for any answer that is no success."""
        answer = self._http.request(method, path, **arguments)
        if answer.is_success:
            return answer.json() if answer.content else None
        raise ApiError(answer)

    def every(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Read a list to its end, page by page."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.request("GET", path, params={**query, "limit": 500, **({"cursor": cursor} if cursor else {})})
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    def dealer(self, name: str, currency: str, region: str, timezone: str) -> str:
        """Give the id of the rooftop of that name, creating it where there is none."""
        for dealer in self.request("GET", "/dealers")["items"]:
            if dealer["name"] == name:
                return str(dealer["id"])
        body = {"name": name, "currency": currency, "region": region, "timezone": timezone}
        return str(self.request("POST", "/dealers", json=body)["id"])

    def start_import(self, kind: str, path: Path, dealer_id: str, **form: Any) -> str:
        """Hand in a file; gives the import's id."""
        with path.open("rb") as file:
            answer = self.request(
                "POST",
                f"/{kind}/imports",
                data={"dealer_id": dealer_id, **form},
                files={"file": (path.name, file)},
            )
        return str(answer["id"])

    def follow_import(
        self, kind: str, import_id: str, on_progress: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Watch an import until it ended; gives its last status."""
        while True:
            status: dict[str, Any] = self.request("GET", f"/{kind}/imports/{import_id}")
            on_progress(status)
            if status["status"] != "running":
                return status
            time.sleep(0.2)


class ApiError(Exception):
    """An answer that was no success, in its own words."""

    def __init__(self, answer: httpx.Response) -> None:
        try:
            problem = answer.json()
        except ValueError:
            problem = {"detail": answer.text[:500]}
        errors = "; ".join(f"{e['field']}: {e['message']}" for e in problem.get("errors") or [])
        super().__init__(f"{answer.status_code} {problem.get('detail', '')} {errors}".strip())
        self.status = answer.status_code
