"""Alerts and the dashboard ask for what the services really tell, and every alert has its line for operators."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from deploy_manifests import KUBERNETES, ROOT
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from deploy.local.pipeline import SERVICES
from services.gateway.limits.metrics import make_limit_metrics
from shared.observability.metrics import make_metrics

MONITORING = KUBERNETES / "components" / "monitoring"
FROM_OTHERS = {
    "kubelet_volume_stats_available_bytes": {"namespace", "persistentvolumeclaim"},
    "kubelet_volume_stats_capacity_bytes": {"namespace", "persistentvolumeclaim"},
}
"""What the cluster tells, not we."""
SCRAPED = {"instance", "job", "namespace", "pod", "le"}
NAME = re.compile(r"\b((?:doso|process|kubelet)[a-z0-9_:]*)\b(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")


def exposed() -> dict[str, set[str]]:
    """Give every series that some service has at ``/metrics``, with its labels."""
    registry = CollectorRegistry()
    made = [make_metrics("gateway", registry), make_limit_metrics(registry)]
    found: dict[str, set[str]] = {f"process_{name}": set() for name in ("cpu_seconds_total", "resident_memory_bytes")}
    assert set(found) <= {sample.name for family in registry.collect() for sample in family.samples}
    for metrics in made:
        for metric in (getattr(metrics, name) for name in metrics.__dataclass_fields__):
            if isinstance(metric, MetricWrapperBase):
                [family] = metric.describe()
                suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
                found |= {f"{family.name}{end}": set(metric._labelnames) for end in suffixes[family.type]}
    return found


def groups() -> list[dict[str, Any]]:
    return yaml.safe_load((ROOT / "deploy" / "monitoring" / "doso.rules.yaml").read_text())["groups"]


RULES = [rule for group in groups() for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
DASHBOARD = json.loads((MONITORING / "doso-dashboard.json").read_text())
PANELS = [
    (panel["title"], target["expr"])
    for panel in DASHBOARD["panels"]
    if panel["type"] != "row"
    for target in panel["targets"]
]
ASKED = [(rule.get("alert") or rule["record"], rule["expr"]) for rule in RULES] + PANELS


@pytest.mark.parametrize(("who", "expression"), ASKED, ids=[name for name, _ in ASKED])
def test_what_is_asked_for_is_told(who, expression):
    known = exposed() | FROM_OTHERS | {rule["record"]: set() for rule in RULES if "record" in rule}
    labels = set(SCRAPED)
    for name, selector in NAME.findall(expression):
        assert name in known, f"{who} asks for {name}, which nothing tells"
        labels |= known[name]
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector):
            assert label in known[name] | SCRAPED, f"{name} has no label {label}"
    for listed in GROUPED.findall(expression):
        asked = {label.strip() for label in listed.split(",")}
        assert asked <= labels, f"{who} groups by {asked - labels}"


@pytest.mark.parametrize(("who", "expression"), ASKED, ids=[name for name, _ in ASKED])
def test_every_parenthesis_is_closed(who, expression):
    text = re.sub(r'"[^"]*"', '""', expression)
    opened: list[str] = []
    for sign in text:
        if sign in "({[":
            opened.append(sign)
        elif sign in ")}]":
            assert opened, who
            assert opened.pop() + sign in ("()", "{}", "[]"), who
    assert not opened, who


def test_the_operator_gets_the_same_rules():
    rule = yaml.safe_load((MONITORING / "prometheus-rule.yaml").read_text())
    assert rule["spec"]["groups"] == groups()


def test_everything_that_is_to_be_known_has_its_alert():
    asked = " ".join(rule["expr"] for rule in ALERTS)
    for what in (
        "doso_dead_letters_total", "doso_dead_letters_held", "doso_outbox_oldest_seconds", "doso_consumer_lag",
        "doso_consumer_dead", "doso_consumer_restarts_total", "doso_work_given_up", "doso_work_failed_total", "doso_relay_leading", "doso:error_ratio", "kubelet_volume_stats_available_bytes",
    ):  # fmt: skip
        assert what in asked
    away = next(rule["expr"] for rule in ALERTS if rule["alert"] == "DosoServiceAway")
    assert set(re.findall(r'service="(\w+)"', away)) == set(SERVICES)


def test_a_passing_zero_does_not_restart_the_wait_of_what_is_given_up():
    rule = next(rule for rule in ALERTS if rule["alert"] == "DosoWorkGivenUp")
    [window] = re.findall(r"max_over_time\(doso_work_given_up\[(\d+)m\]\)", rule["expr"])
    assert int(window) > int(rule["for"].removesuffix("m"))


def test_every_alert_says_how_bad_it_is_and_where_to_read_on():
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)
    for rule in ALERTS:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (page, anchor in anchors) == ("docs/operations.md", True), rule["alert"]
        assert rule["annotations"]["summary"]


def test_panels_do_not_overlap_and_have_names_of_their_own():
    places = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert not cells & places, panel["title"]
        places |= cells
    names = [panel["title"] for panel in DASHBOARD["panels"]]
    assert len(set(names)) == len(names)


def test_the_component_names_files_that_are_there():
    component = yaml.safe_load((MONITORING / "kustomization.yaml").read_text())
    files = {*component["resources"], *component["configMapGenerator"][0]["files"], "kustomization.yaml"}
    assert files == {path.name for path in MONITORING.iterdir()}
