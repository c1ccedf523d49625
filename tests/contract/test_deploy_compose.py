"""docker-compose.yml: the same system on real servers, with nothing secret in it."""

from __future__ import annotations

import re
from io import StringIO

import pytest
import yaml
from deploy_manifests import ROOT, dependencies, variables_of
from dotenv import dotenv_values
from typer.testing import CliRunner

from deploy.local.pipeline import SERVICES
from deploy.local.servers.apache_kafka import KAFKA_VERSION
from deploy.local.servers.postgres import MAJOR_VERSION
from doso.doctor.secrets import weakness
from doso.main import app
from doso.secrets import password_variable
from services.gateway.security import Sealer, SigningKeys

SERVERS = {"kafka", "postgres", "qdrant"}
REQUIRED = re.compile(r"\$\{([A-Z_]+):\?[^}]+\}")
CONTAINERS = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_it_is_six_services_three_servers_and_the_migration():
    assert CONTAINERS.keys() == {*SERVICES, *SERVERS, "migrate"}


@pytest.mark.parametrize("name", [*SERVICES, *SERVERS])
def test_everything_that_stays_up_has_a_health_check(name):
    check = CONTAINERS[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "start_period", "retries"} <= check.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_healthy_when_it_is_ready(name):
    assert "http://127.0.0.1:8000/ready" in CONTAINERS[name]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", [*SERVICES, "migrate"])
def test_what_is_ours_is_built_for_itself_and_hardened(name):
    container = CONTAINERS[name]
    assert container["image"] == f"doso-{name}"
    expected = {"args": {"SERVICE": "cli"}, "target": "migrate"} if name == "migrate" else {"args": {"SERVICE": name}}
    assert container["build"] == {"context": ".", **expected}
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", [*SERVICES, "migrate"])
def test_every_variable_is_a_setting(name):
    assert CONTAINERS[name]["environment"].keys() <= variables_of(name).keys()


@pytest.mark.parametrize("name", [*SERVICES, "migrate"])
def test_secrets_are_asked_for_and_have_no_default(name):
    known = variables_of(name)
    for variable, value in CONTAINERS[name]["environment"].items():
        if variable == "OPENAI_API_KEY":
            assert value is None, "an empty key would be taken for a key"
        elif known[variable]:
            assert REQUIRED.search(value), f"{name} has a literal {variable}"
        else:
            assert "$" not in value or value == f"${{{variable}:-}}", "what is no secret may be set, or be left out"


def test_servers_have_no_literal_secret_either():
    assert REQUIRED.fullmatch(CONTAINERS["postgres"]["environment"]["POSTGRES_PASSWORD"])
    assert REQUIRED.fullmatch(CONTAINERS["qdrant"]["environment"]["QDRANT__SERVICE__API_KEY"])
    for container in CONTAINERS.values():
        for variable, value in container["environment"].items():
            if re.search(r"PASSWORD|SECRET|TOKEN|_KEY$", variable) and value is not None:
                assert REQUIRED.fullmatch(value), variable


def test_the_example_names_every_secret_and_gives_none():
    asked = set(REQUIRED.findall((ROOT / "docker-compose.yml").read_text()))
    lines = (ROOT / ".env.example").read_text().splitlines()
    offered = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    assert offered == dict.fromkeys(asked, "")


def test_one_command_makes_every_secret_each_another_and_none_weak():
    made = CliRunner().invoke(app, ["secrets"], catch_exceptions=False).output
    secrets = dotenv_values(stream=StringIO(made))
    assert secrets.keys() == set(REQUIRED.findall((ROOT / "docker-compose.yml").read_text()))
    assert len(set(secrets.values())) == len(secrets)
    assert SigningKeys(secrets["DOSO_GATEWAY_SIGNING_KEY"])
    assert Sealer(secrets["DOSO_GATEWAY_ENCRYPTION_KEY"])
    assert [name for name, secret in secrets.items() if "POSTGRES" in name and weakness(secret)] == []


def test_no_service_knows_the_password_of_another():
    for name in SERVICES:
        asked = set(REQUIRED.findall(str(CONTAINERS[name]["environment"])))
        assert {each for each in asked if "POSTGRES" in each} == {password_variable(name)}


def test_services_wait_for_what_they_depend_on():
    needed = dependencies()
    for name in (*SERVICES, "migrate"):
        waits = {other: one["condition"] for other, one in CONTAINERS[name]["depends_on"].items()}
        expected = {server: "service_healthy" for service, server in needed if service == name}
        if name != "migrate":
            expected["migrate"] = "service_completed_successfully"
        assert waits == expected


def test_only_the_gateway_is_reachable_and_only_from_this_machine():
    published = {name: container["ports"] for name, container in CONTAINERS.items() if "ports" in container}
    assert published.keys() == {"gateway"}
    assert all(port.startswith("127.0.0.1:") for port in published["gateway"])


def test_servers_are_those_of_the_embedded_system_and_topics_are_made_by_the_migration_only():
    assert CONTAINERS["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"
    assert CONTAINERS["postgres"]["image"] == f"postgres:{MAJOR_VERSION}"
    assert CONTAINERS["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_qdrant_is_at_most_one_minor_version_from_its_client():
    lock = (ROOT / "requirements.lock").read_text()
    client = re.search(r"^qdrant-client==(\d+)\.(\d+)", lock, re.MULTILINE)
    server = re.search(r":v(\d+)\.(\d+)", CONTAINERS["qdrant"]["image"])
    assert client[1] == server[1]
    assert abs(int(client[2]) - int(server[2])) <= 1
