"""What the deployment files say, and what the code would have them say."""

from __future__ import annotations

import importlib
import inspect
import shutil
import subprocess
import typing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from deploy.local.pipeline import SERVICES
from doso.migrate import migrate
from doso.secrets import password_variable
from shared.events import TOPICS
from shared.messaging import KafkaSettings
from shared.postgres import PostgresSettings
from shared.vectors import VectorSettings

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "k8s"
OVERLAYS = ("dev", "prod")
NAME = "app.kubernetes.io/name"
SERVERS = {PostgresSettings: "postgres", KafkaSettings: "kafka", VectorSettings: "qdrant"}
KUBECTL = shutil.which("kubectl")
NEEDS_KUBECTL = pytest.mark.skipif(KUBECTL is None, reason="rendering an overlay takes kubectl, which is not on PATH")
RENDERED = [pytest.param(overlay, marks=NEEDS_KUBECTL) for overlay in OVERLAYS]

Document = dict[str, Any]


@cache
def rendered(overlay: str) -> list[Document]:
    """Render an overlay with kubectl, which needs no cluster for it."""
    command = [KUBECTL or "kubectl", "kustomize", str(KUBERNETES / "overlays" / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@cache
def written() -> list[Document]:
    """Read the resources as they stand in the files: the base, and what overlays add; no patches."""
    listed = [
        folder / resource
        for kustomization in sorted(KUBERNETES.rglob("kustomization.yaml"))
        for folder in [kustomization.parent]
        for resource in yaml.safe_load(kustomization.read_text())["resources"]
        if resource.endswith(".yaml")
    ]
    return [document for path in listed for document in yaml.safe_load_all(path.read_text())]


def documents_of(source: str) -> list[Document]:
    """Give the resources of an overlay, or those that stand in the files."""
    return written() if source == "files" else rendered(source)


def of_kind(documents: list[Document], *kinds: str) -> list[Document]:
    """Pick the documents of some kinds."""
    return [document for document in documents if document["kind"] in kinds]


def pod_of(workload: Document) -> Document:
    """Give a workload's pod template."""
    template: Document = workload["spec"]["template"]
    return template


def selects(selector: Document, labels: dict[str, str]) -> bool:
    """Tell whether a label selector with `matchLabels` and `In` picks these labels; an empty one picks all."""
    unknown = {e["operator"] for e in selector.get("matchExpressions", [])} - {"In"}
    assert not unknown, f"these tests do not know the operators {unknown}"
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        labels.get(expression["key"]) in expression["values"] for expression in selector.get("matchExpressions", [])
    )


@cache
def settings_of(service: str) -> dict[str, type[BaseSettings]]:
    """Give the settings classes a service reads, by class name."""
    found: dict[str, type[BaseSettings]] = {}
    queue = [importlib.import_module(f"services.{service}.settings").Settings]
    while queue:
        settings = queue.pop()
        found[settings.__name__] = settings
        types = [field.annotation for field in settings.model_fields.values()]
        queue += [kind for kind in types if isinstance(kind, type) and issubclass(kind, BaseSettings)]
    return found


def variables_of(service: str) -> dict[str, bool]:
    """Give the environment variables a service reads, and whether each is a secret."""
    if service == "migrate":
        options = inspect.signature(migrate, eval_str=True).parameters.values()
        named = {typing.get_args(option.annotation)[1].envvar for option in options} - {None}
        # The owner's address carries a password.
        secrets = {"DOSO_POSTGRES_DSN", *map(password_variable, SERVICES)}
        kafka = variables_of_settings(KafkaSettings)  # read beside the option for the address
        return {**kafka, **{name: name in secrets for name in named | secrets}}
    return {
        name: secret
        for settings in settings_of(service).values()
        for name, secret in variables_of_settings(settings).items()
    }


def variables_of_settings(settings: type[BaseSettings]) -> dict[str, bool]:
    """Give the environment variables of one settings class, and whether each is a secret."""
    found = {}
    prefix = settings.model_config.get("env_prefix") or ""
    for name, field in settings.model_fields.items():
        kinds = {field.annotation, *typing.get_args(field.annotation)}
        if any(isinstance(kind, type) and issubclass(kind, BaseSettings) for kind in kinds):
            continue
        variable = (
            field.validation_alias if isinstance(field.validation_alias, str) else prefix.upper() + name.upper()
        )
        found[variable] = SecretStr in kinds or name == "password"
    return found


def dependencies() -> set[tuple[str, str]]:
    """List who needs which server, from the topic registry and the services' settings."""
    speakers = {service for topic in TOPICS.values() for service in topic.producers}
    listeners = {consumer for topic in TOPICS.values() for consumer in topic.consumers}
    edges = {(service, "kafka") for service in speakers | listeners}
    for service in SERVICES:
        edges |= {(service, SERVERS[kind]) for kind in settings_of(service).values() if kind in SERVERS}
    return edges | {("migrate", "kafka"), ("migrate", "postgres")}


@cache
def addresses() -> dict[str, str]:
    """Read the settings that the base generates its ConfigMaps from."""
    base = yaml.safe_load((KUBERNETES / "base" / "kustomization.yaml").read_text())
    return dict(literal.split("=", 1) for one in base["configMapGenerator"] for literal in one["literals"])
