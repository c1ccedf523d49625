"""Who may talk to whom in Kubernetes: what the code depends on, and nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from deploy_manifests import (
    NAME,
    RENDERED,
    Document,
    addresses,
    dependencies,
    documents_of,
    of_kind,
    pod_of,
    rendered,
    selects,
)

from deploy.local.pipeline import SERVICES

NODE_LOCAL_DNS = {"ipBlock": {"cidr": "169.254.20.10/32"}}
"""The one address that is no pod's: of a node's own cache, for names only."""


@pytest.fixture(params=["files", *RENDERED])
def documents(request: pytest.FixtureRequest) -> list[Document]:
    return documents_of(request.param)


def test_everything_is_denied_but_what_is_named(documents):
    policies = {one["metadata"]["name"]: one["spec"] for one in of_kind(documents, "NetworkPolicy")}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    inward = {name: spec for name, spec in policies.items() if "ingress" in spec}
    assert inward.keys() - {"metrics"} == {"gateway"}
    assert selects(inward["gateway"]["podSelector"], {NAME: "gateway"})
    assert not any(selects(inward["gateway"]["podSelector"], {NAME: name}) for name in {*SERVICES} - {"gateway"})
    # Where it is scraped, every service may be, and from such namespaces only.
    for scraped in (spec for name, spec in inward.items() if name == "metrics"):
        assert selects(scraped["podSelector"], {"app.kubernetes.io/part-of": "doso"})
        [rule] = scraped["ingress"]
        assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"doso/scrapes-metrics": "true"}}}]
    for spec in policies.values():
        for rule in [*spec.get("egress", []), *spec.get("ingress", [])]:
            assert rule["ports"]
            peers = [peer for peer in rule.get("to", rule.get("from")) if peer != NODE_LOCAL_DNS]
            assert all(peer["namespaceSelector"]["matchLabels"] for peer in peers)
            assert len(peers) == len(rule.get("to", rule.get("from"))) or {p["port"] for p in rule["ports"]} == {53}


def test_network_edges_are_the_dependencies_of_the_code(documents):
    places = {
        "kafka": urlsplit("//" + addresses()["DOSO_KAFKA_BOOTSTRAP_SERVERS"]),
        "postgres": urlsplit(addresses()["DOSO_POSTGRES_DSN"]),
        "qdrant": urlsplit(addresses()["DOSO_QDRANT_URL"]),
    }
    servers = {(place.hostname.split(".")[1], place.port): name for name, place in places.items()}
    pods = [{NAME: name, "app.kubernetes.io/part-of": "doso"} for name in (*SERVICES, "migrate")]
    edges = set()
    for policy in of_kind(documents, "NetworkPolicy"):
        for rule in policy["spec"].get("egress", []):
            for peer in (one for one in rule["to"] if one != NODE_LOCAL_DNS):
                namespace = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
                for port in rule["ports"]:
                    if (namespace, port["port"]) == ("kube-system", 53):
                        continue
                    assert peer["podSelector"]["matchLabels"]
                    server = servers[namespace, port["port"]]
                    edges |= {(pod[NAME], server) for pod in pods if selects(policy["spec"]["podSelector"], pod)}
    assert edges == dependencies()


@pytest.mark.parametrize("overlay", RENDERED)
def test_pods_carry_the_labels_that_the_network_policies_name(overlay):
    for workload in of_kind(rendered(overlay), "Deployment", "Job"):
        labels = pod_of(workload)["metadata"]["labels"]
        assert workload["metadata"]["name"] == f"doso-{labels[NAME]}"


def test_the_namespace_refuses_pods_that_are_not_restricted(documents):
    (namespace,) = of_kind(documents, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
