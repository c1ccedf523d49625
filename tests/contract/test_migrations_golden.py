"""The golden digests of migrations: one that was edited shows, and after a release it is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer import Exit

from doso.contracts import files, migrations
from doso.contracts.__main__ import contracts

if TYPE_CHECKING:
    from pathlib import Path

UNRELEASED = "# Changelog\n\n## [Unreleased]\n"
RELEASED = f"{UNRELEASED}\n## [0.1.0] - 2027-01-04\n"


def test_no_migration_was_edited_unseen() -> None:
    edited = migrations.changed(files.committed(files.MIGRATIONS))
    advice = (
        "It was released: put it back, and add a migration that changes what it made."
        if migrations.released()
        else "Nothing is released yet: if it should, run python -m doso.contracts --write, and say in the commit that"
        " databases made before have to be made anew."
    )
    assert not edited, f"{edited}. {advice}"


def test_every_migration_is_in_the_golden_file() -> None:
    difference = files.difference(files.MIGRATIONS, files.wanted()[files.MIGRATIONS])
    assert not difference, f"{difference}\n\nrun: python -m doso.contracts --write"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the golden file of a checkout in which two migrations stood otherwise, and one that is gone."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    contracts(write=True)
    golden = tmp_path / files.MIGRATIONS
    before = json.loads(golden.read_text())
    before["market"]["market_0001"] = "0" * 16
    before["market"]["market_0000"] = "1" * 16
    del before["gateway"]["gateway_0009"]
    golden.write_text(json.dumps(before))
    return golden


def changelog(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    (tmp_path / "CHANGELOG.md").write_text(text)
    monkeypatch.setattr(migrations, "CHANGELOG", tmp_path / "CHANGELOG.md")


def test_an_edited_migration_is_shown_and_may_be_written_before_the_first_release(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    changelog(monkeypatch, tmp_path, UNRELEASED)
    with pytest.raises(Exit):
        contracts(write=False)
    assert "market_0001" in capsys.readouterr().out
    contracts(write=True)
    contracts(write=False)
    assert json.loads(checkout.read_text()) == migrations.digests()


def test_an_edited_migration_is_refused_after_a_release_and_a_new_one_is_not(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    changelog(monkeypatch, tmp_path, RELEASED)
    before = checkout.read_text()
    for write in (False, True):
        with pytest.raises(Exit):
            contracts(write=write)
        told = capsys.readouterr().err
        assert "market: market_0001 was edited" in told
        assert "market: market_0000 was removed" in told
        assert "gateway" not in told
        assert "add another that changes what it made" in told
    assert checkout.read_text() == before
