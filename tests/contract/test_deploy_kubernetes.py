"""The Kubernetes manifests: as they stand in the files, and as kubectl renders each overlay."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
import yaml
from deploy_manifests import (
    KUBERNETES,
    NAME,
    NEEDS_KUBECTL,
    OVERLAYS,
    RENDERED,
    Document,
    addresses,
    documents_of,
    of_kind,
    pod_of,
    rendered,
    selects,
    variables_of,
)

from deploy.local.pipeline import SERVICES
from services.gateway.limits.settings import LimitSettings
from services.gateway.settings import Settings
from shared.events import TOPICS

overlays = pytest.mark.parametrize("overlay", RENDERED)


@pytest.fixture(params=["files", *RENDERED])
def documents(request: pytest.FixtureRequest) -> list[Document]:
    return documents_of(request.param)


@pytest.mark.parametrize(
    "path", sorted(KUBERNETES.rglob("*.yaml")), ids=lambda path: str(path.relative_to(KUBERNETES))
)
def test_every_file_is_yaml_of_a_known_kind(path):
    for document in yaml.safe_load_all(path.read_text()):
        assert document["apiVersion"]
        assert document["kind"]


@overlays
def test_every_service_has_its_deployment_and_the_migration_its_job(overlay):
    deployed = {pod_of(one)["metadata"]["labels"][NAME] for one in of_kind(rendered(overlay), "Deployment")}
    assert deployed == set(SERVICES)
    assert [one["metadata"]["name"] for one in of_kind(rendered(overlay), "Job")] == ["doso-migrate"]


def test_every_pod_is_restricted(documents):
    workloads = of_kind(documents, "Deployment", "Job")
    assert workloads
    for workload in workloads:
        pod = pod_of(workload)["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] >= 10_000
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert all(volume.keys() in ({"name", "emptyDir"}, {"name", "secret"}) for volume in pod["volumes"])
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            temporary, authority = sorted(
                container["volumeMounts"], key=lambda mount: mount["mountPath"], reverse=True
            )
            assert temporary == {"name": "tmp", "mountPath": "/tmp"}
            assert authority == {"name": "kafka-ca", "mountPath": "/etc/doso/kafka", "readOnly": True}
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
            assert "memory" in container["resources"]["limits"]


def test_every_service_account_is_without_a_token_and_used(documents):
    accounts = of_kind(documents, "ServiceAccount")
    assert all(account["automountServiceAccountToken"] is False for account in accounts)
    used = {pod_of(one)["spec"]["serviceAccountName"] for one in of_kind(documents, "Deployment", "Job")}
    assert used == {account["metadata"]["name"] for account in accounts}


def test_every_service_selects_exactly_one_deployment_and_a_port_it_has(documents):
    deployments = of_kind(documents, "Deployment")
    services = of_kind(documents, "Service")
    assert len(services) == len(deployments)
    for service in services:
        chosen = [
            deployment
            for deployment in deployments
            if selects({"matchLabels": service["spec"]["selector"]}, pod_of(deployment)["metadata"]["labels"])
        ]
        assert [deployment["metadata"]["name"] for deployment in chosen] == [service["metadata"]["name"]]
        (container,) = pod_of(chosen[0])["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert {ports[port["targetPort"]] for port in service["spec"]["ports"]} == {8000}


def test_probes_ask_for_life_and_for_readiness_where_each_belongs(documents):
    for deployment in of_kind(documents, "Deployment"):
        (container,) = pod_of(deployment)["spec"]["containers"]
        asked = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")}
        assert asked == {
            "startup": {"path": "/health", "port": "http"},
            "readiness": {"path": "/ready", "port": "http"},
            "liveness": {"path": "/health", "port": "http"},
        }


@overlays
def test_every_variable_is_a_setting_of_its_service_and_secrets_come_from_secrets(overlay):
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(rendered(overlay), "ConfigMap")}
    for workload in of_kind(rendered(overlay), "Deployment", "Job"):
        template = pod_of(workload)
        known = variables_of(template["metadata"]["labels"][NAME])
        (container,) = template["spec"]["containers"]
        given = set()
        for source in container.get("envFrom", []):
            given |= maps[source["configMapRef"]["name"]].keys()
        for variable in container["env"]:
            given.add(variable["name"])
            if "value" in variable:
                assert not known.get(variable["name"]), "a secret stands in the manifest"
                continue
            assert variable["valueFrom"].keys() <= {"configMapKeyRef", "secretKeyRef"}
            assert ("secretKeyRef" in variable["valueFrom"]) == known.get(variable["name"])
            if "configMapKeyRef" in variable["valueFrom"]:
                reference = variable["valueFrom"]["configMapKeyRef"]
                assert reference["key"] in maps[reference["name"]]
        assert given <= known.keys()


@overlays
def test_every_service_gets_the_settings_it_cannot_start_without(overlay):
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(rendered(overlay), "ConfigMap")}
    for workload in of_kind(rendered(overlay), "Deployment"):
        name = pod_of(workload)["metadata"]["labels"][NAME]
        (container,) = pod_of(workload)["spec"]["containers"]
        given = {variable["name"] for variable in container["env"]}
        given |= {key for source in container["envFrom"] for key in maps[source["configMapRef"]["name"]]}
        needed = {"DOSO_POSTGRES_DSN", "DOSO_POSTGRES_PASSWORD", "DOSO_KAFKA_BOOTSTRAP_SERVERS"}
        own = {
            "gateway": {"DOSO_GATEWAY_SIGNING_KEY", "DOSO_GATEWAY_ENCRYPTION_KEY"},
            "recommend": {"DOSO_QDRANT_URL"},
        }
        needed |= own.get(name, set())
        assert needed <= given, f"{name} lacks {needed - given}"


@overlays
def test_no_pod_knows_the_database_password_of_another_service(overlay):
    for workload in of_kind(rendered(overlay), "Deployment"):
        (container,) = pod_of(workload)["spec"]["containers"]
        keys = {
            variable["valueFrom"]["secretKeyRef"]["key"]
            for variable in container["env"]
            if variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name") == "doso-postgres"
        }
        assert keys == {pod_of(workload)["metadata"]["labels"][NAME]}


def test_no_secret_value_is_kept_here(documents):
    assert not of_kind(documents, "Secret")
    secrets = {name for service in SERVICES for name, secret in variables_of(service).items() if secret}
    assert not secrets & addresses().keys()
    assert all(urlsplit(value).password is None for value in addresses().values() if "://" in value)


@overlays
def test_what_has_replicas_has_a_disruption_budget_and_nothing_else_has(overlay):
    budgets = of_kind(rendered(overlay), "PodDisruptionBudget")
    guarded = []
    for budget in budgets:
        assert budget["spec"]["maxUnavailable"] == 1
        guarded += [
            deployment["metadata"]["name"]
            for deployment in of_kind(rendered(overlay), "Deployment")
            if selects(budget["spec"]["selector"], pod_of(deployment)["metadata"]["labels"])
        ]
    several = [
        one["metadata"]["name"] for one in of_kind(rendered(overlay), "Deployment") if one["spec"]["replicas"] > 1
    ]
    assert sorted(guarded) == sorted(several)


@overlays
def test_no_service_has_more_replicas_than_its_topics_have_partitions(overlay):
    for deployment in of_kind(rendered(overlay), "Deployment"):
        name = pod_of(deployment)["metadata"]["labels"][NAME]
        partitions = [topic.partitions for topic in TOPICS.values() if name in topic.consumers]
        assert deployment["spec"]["replicas"] <= min(partitions)


@NEEDS_KUBECTL
def test_development_runs_one_of_each_and_production_at_least_two():
    counts = {
        overlay: {one["spec"]["replicas"] for one in of_kind(rendered(overlay), "Deployment")} for overlay in OVERLAYS
    }
    assert counts["dev"] == {1}
    assert min(counts["prod"]) >= 2


@NEEDS_KUBECTL
def test_production_pins_every_image_by_digest_and_replicates_its_topics():
    workloads = of_kind(rendered("prod"), "Deployment", "Job")
    images = [container["image"] for one in workloads for container in pod_of(one)["spec"]["containers"]]
    assert len(images) == len(SERVICES) + 1
    assert all(re.fullmatch(r"[^@\s]+@sha256:[0-9a-f]{64}", image) for image in images)
    (job,) = of_kind(workloads, "Job")
    assert pod_of(job)["spec"]["containers"][0]["args"] == ["migrate", "--replication", "3"]


def test_the_ingress_lets_through_what_the_gateway_takes_and_no_more():
    path = KUBERNETES / "components" / "ingress-nginx" / "ingress.yaml"
    ingress = yaml.safe_load(path.read_text())
    paths = [one for rule in ingress["spec"]["rules"] for one in rule["http"]["paths"]]
    [backend] = {(one["backend"]["service"]["name"], one["backend"]["service"]["port"]["name"]) for one in paths}
    assert backend == ("doso-gateway", "http")
    assert {one["path"] for one in paths} == {"/api/v1", "/.well-known", "/docs", "/openapi.json"}
    told = ingress["metadata"]["annotations"]
    largest, mebibyte = Settings.model_fields["max_import_bytes"].default, 1024 * 1024
    through = int(told["nginx.ingress.kubernetes.io/proxy-body-size"].removesuffix("m")) * mebibyte
    assert largest < through <= largest + mebibyte
    limits = LimitSettings()
    longest = max(limits.handler_seconds, limits.report_seconds, limits.store_seconds)
    assert int(told["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > longest
