"""Which passwords may be chosen, and how they are kept."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.security import Passwords
from services.gateway.security.breached import BreachedList
from services.gateway.security.password_policy import PasswordPolicy

if TYPE_CHECKING:
    from pathlib import Path

POLICY = PasswordPolicy()


def sha1(password: str) -> str:
    return hashlib.sha1(password.encode()).hexdigest().upper()


def write_list(path: Path, hashes: list[str], ending: str = "\n", end: str = "") -> Path:
    lines = [f"{one}:{number * 37 % 9_999_999}" for number, one in enumerate(sorted(hashes), 1)]
    path.write_bytes((ending.join(lines) + ending + end).encode())
    return path


@pytest.mark.parametrize(
    ("password", "fits"),
    [
        ("a" * 11, False),
        ("correct horse", True),
        ("only letters here", True),  # no rules of composition
        ("日本語のパスワードは長い", True),  # twelve code points, thirty-six bytes
        ("e\u0301" * 11, False),  # eleven characters, written with twenty-two
        ("\u03b1\u0313\u0300\u0345" * 256, True),  # 256 characters, each written with four
        ("a" + "\u0301\u0316" * 8_000_000, False),  # bringing it into one form would take minutes
        ("xy" * 128, True),
        ("xy" * 128 + "z", False),
        ("🚗" * 12, True),
    ],
)
async def test_length_alone_decides_and_counts_code_points(password: str, fits: bool) -> None:
    objection = await POLICY.objection(password)
    assert (objection is None) == fits
    if objection:
        assert "12 to 256" in objection


@pytest.mark.parametrize(
    ("password", "context", "word"),
    [
        ("doso-doso-doso", (), "doso"),
        ("DOSO!DOSO!2026", (), "doso"),
        ("pat.buyer@group.example", ("pat.buyer@group.example",), "buyer"),
        ("Northside2026!", ("pat", "Northside Motor Group"), "northside"),
        ("northsidemotorgroup", ("pat", "Northside Motor Group"), "northside"),
    ],
)
async def test_password_that_is_little_more_than_a_name_is_refused(
    password: str, context: tuple[str, ...], word: str
) -> None:
    objection = await POLICY.objection(password, context)
    assert objection is not None
    assert word in objection


async def test_name_inside_a_long_password_is_no_harm() -> None:
    assert await POLICY.objection("northside keeps seven blue bicycles", ("Northside",)) is None
    assert await POLICY.objection("an unrelated banana", ("an",)) is None, "short words are everywhere"


@given(st.sets(st.text(min_size=1, max_size=12), min_size=1, max_size=60), st.text(min_size=1, max_size=12))
def test_breached_list_holds_what_is_in_it_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, listed: set[str], other: str
) -> None:
    path = tmp_path_factory.mktemp("breached") / "list"
    known = BreachedList(write_list(path, [sha1(one) for one in listed]))
    assert all(known.holds(one) for one in listed)
    assert known.holds(other) == (other in listed)


@pytest.mark.parametrize(("ending", "end"), [("\n", ""), ("\r\n", ""), ("\n", "\n")])
def test_breached_list_is_found_first_last_and_by_prefix(tmp_path: Path, ending: str, end: str) -> None:
    hashes = sorted(sha1(str(number)) for number in range(2000))
    passwords = {sha1(str(number)): str(number) for number in range(2000)}
    for name, lines in (("whole", hashes), ("prefix", [one[:15] for one in hashes])):
        known = BreachedList(write_list(tmp_path / name, lines, ending, end))
        assert all(known.holds(passwords[one]) for one in (hashes[0], hashes[-1], hashes[777]))
        assert not any(known.holds(f"not {number}") for number in range(2000))


@pytest.mark.parametrize("text", ["", "password\n", "<html>", "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8:3\n"])
def test_file_of_another_format_is_refused_when_it_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list"
    path.write_text(text)
    with pytest.raises(ValueError, match="HASH:COUNT"):
        BreachedList(path)


async def test_breached_password_is_refused(tmp_path: Path) -> None:
    policy = PasswordPolicy(write_list(tmp_path / "list", [sha1("correct horse battery"), sha1("x")]))
    objection = await policy.objection("correct horse battery")
    assert objection is not None
    assert "stolen" in objection
    assert await policy.objection("correct horse batteries") is None


async def test_password_fits_however_its_accents_are_typed() -> None:
    passwords = Passwords()
    stored = await passwords.hash("caf\u00e9 au lait noir")
    assert await passwords.verify("cafe\u0301 au lait noir", stored)
    assert not await passwords.verify("cafe au lait noir", stored)


def test_hash_of_other_parameters_is_outdated() -> None:
    passwords = Passwords()
    assert passwords.outdated(PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("x"))
    assert not passwords.outdated(passwords._decoy)
