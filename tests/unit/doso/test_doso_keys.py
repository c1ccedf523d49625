"""``doso keys``: files stay private, what is wrong is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from doso.main import app
from services.gateway.security import SigningKeys

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = "DOSO_GATEWAY_SIGNING_KEY"
run = CliRunner().invoke


def test_key_is_made_rotated_and_retired_in_a_file_of_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "signing-key.json"
    path.write_text(run(app, ["keys", "new"]).stdout)
    first = SigningKeys(path.read_text()).first
    for step, count in (["--announce"], 2), ([], 2), ([], 2):
        assert run(app, ["keys", "rotate", "--file", str(path), *step]).exit_code == 0
        assert len(SigningKeys(path.read_text()).verifiers) == count
        assert path.stat().st_mode & 0o777 == 0o600
    assert first not in SigningKeys(path.read_text()).verifiers
    assert run(app, ["keys", "retire", "--file", str(path)]).exit_code == 0
    assert len(SigningKeys(path.read_text()).verifiers) == 1


def test_set_for_the_environment_is_printed_and_nothing_else() -> None:
    key = SigningKeys.new_key()
    result = run(app, ["keys", "rotate"], env={ENVIRONMENT: json.dumps(key)})
    keys = SigningKeys(result.stdout)
    assert keys.first != key["kid"]
    assert key["kid"] in keys.verifiers
    assert key["d"] not in result.stdout


def test_without_a_key_it_says_what_to_do(tmp_path: Path) -> None:
    for arguments, text in (([], ""), ([], "nonsense"), (["--file", str(tmp_path / "none")], "")):
        result = run(app, ["keys", "rotate", *arguments], env={ENVIRONMENT: text})
        assert result.exit_code == 1
        assert "Error" in result.stderr
