"""Second factors: asked for, used once, renewed, and taken off by an admin."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.users import User, bearer, enrol

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Group


def test_second_factor_is_asked_for_and_each_code_works_once(new_user: Callable[..., User]) -> None:
    user = new_user()
    pair, other = user.sign_in(), user.sign_in()
    user.problem(403, "POST", "/auth/mfa/enroll", json={"password": "not the password"}, headers=bearer(pair))
    user.problem(403, "POST", "/auth/mfa/confirm", json={"otp": "123456"}, headers=bearer(pair))
    totp, recovery, confirmed = enrol(user, pair)
    assert (user.status(pair), user.status(other)) == (200, 401), "sign-ins without the code end"
    user.problem(409, "POST", "/auth/mfa/enroll", json={"password": user.password}, headers=bearer(pair))
    assert "otp" in user.refused(401)["detail"]
    user.refused(401, otp=confirmed)
    code = totp.at(time.time() + 30)
    user.sign_in(otp=code)
    user.refused(401, otp=code)
    user.sign_in(otp=recovery[0].upper().replace("-", " "))
    user.refused(401, otp=recovery[0])
    off = {"password": user.password, "otp": recovery[1]}
    assert user.http.post("/auth/mfa/disable", json=off, headers=bearer(pair)).status_code == 204
    user.sign_in()


@pytest.mark.parametrize("kind", ["one-time password", "recovery code"])
def test_code_used_many_times_at_once_signs_in_once(new_user: Callable[..., User], kind: str) -> None:
    user = new_user()
    totp, recovery, _ = enrol(user, user.sign_in())
    form = user.form(otp=totp.at(time.time() + 30) if kind == "one-time password" else recovery[0])
    with ThreadPoolExecutor(4) as threads:
        sent = [
            threads.submit(httpx.post, f"{user.http.base_url}auth/token", data=form, timeout=60) for _ in range(4)
        ]
    assert sorted(one.result().status_code for one in sent) == [200, 401, 401, 401]


def test_renewed_recovery_codes_replace_the_old_ones(new_user: Callable[..., User]) -> None:
    user = new_user()
    pair = user.sign_in()
    _, recovery, _ = enrol(user, pair)
    answer = user.http.post("/auth/mfa/recovery-codes", json={"otp": recovery[0]}, headers=bearer(pair))
    assert answer.status_code == 200
    user.refused(401, otp=recovery[1])
    user.sign_in(otp=answer.json()["recovery_codes"][0])


def test_codes_cannot_be_tried_out(new_user: Callable[..., User]) -> None:
    user = new_user()
    totp, recovery, _ = enrol(user, user.sign_in())
    wrong = next(
        code
        for code in ("000000", "111111", "222222")
        if code not in {totp.at(time.time(), counter_offset=n) for n in range(-3, 6)}
    )
    for _ in range(5):
        user.refused(401, otp=wrong)
    for code in (wrong, totp.now(), recovery[0]):
        answer = user.http.post("/auth/token", data=user.form(otp=code))
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 30


def test_admin_takes_the_second_factor_off_who_lost_it(group: Group, new_user: Callable[..., User]) -> None:
    user = new_user()
    pair = user.sign_in()
    enrol(user, pair)
    (known,) = (one for one in group.get("/users")["items"] if one["username"] == user.username)
    assert known["second_factor"] is True
    assert group.http.delete(f"/users/{known['id']}/mfa").status_code == 204
    assert user.status(pair) == 401
    user.sign_in()
    group.problem(404, "DELETE", f"/users/{known['id']}/mfa")
