"""Somebody with a name and a password, who signs in."""

from __future__ import annotations

from typing import Any

import httpx
import pyotp

from tests.e2e.conftest import Client

Tokens = dict[str, str]


class User(Client):
    """Somebody with a name and a password at one address."""

    def __init__(self, http: httpx.Client, username: str, password: str) -> None:
        super().__init__(http)
        self.username, self.password = username, password

    def form(self, **fields: str) -> dict[str, str]:
        return {"username": self.username, "password": self.password, **fields}

    def sign_in(self, **fields: str) -> Tokens:
        answer = self.http.post("/auth/token", data=self.form(**fields))
        assert answer.status_code == 200, answer.text
        pair: Tokens = answer.json()
        return pair

    def refused(self, status: int, **fields: str) -> dict[str, Any]:
        return self.problem(status, "POST", "/auth/token", data=self.form(**fields))

    def status(self, pair: Tokens, path: str = "/auth/me") -> int:
        return self.http.get(path, headers=bearer(pair)).status_code


def bearer(pair: Tokens) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair['access_token']}"}


def enrol(user: User, pair: Tokens) -> tuple[pyotp.TOTP, list[str], str]:
    """Enrol and confirm; gives the authenticator, the recovery codes, and the code that confirmed."""
    made = user.http.post("/auth/mfa/enroll", json={"password": user.password}, headers=bearer(pair))
    assert made.status_code == 200, made.text
    totp = pyotp.TOTP(made.json()["secret"])
    code = totp.now()  # which uses up its step: to sign in, the code of the next one is taken half a minute early
    answer = user.http.post("/auth/mfa/confirm", json={"otp": code}, headers=bearer(pair))
    assert answer.status_code == 200, answer.text
    return totp, answer.json()["recovery_codes"], code
