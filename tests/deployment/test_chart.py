"""The Helm chart: rendered by Helm's own library, and held to Kubernetes' published schemas."""

import json
import subprocess
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from mothership import __version__, metric_registry
from mothership.config import load

CHART = Path(__file__).parents[2] / "deploy/helm/mothership"
RULES = Path(__file__).parents[2] / "deploy/prometheus/mothership.rules.yml"
RENDER = """
import json, sys, helm_python, kubernetes_validate, yaml
chart, values, versions = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
with helm_python.Chart.load(chart) as loaded:
    rendered = loaded.render(values, name="fleet", namespace="edge")
found = [each for name, text in rendered.items() if name.endswith(".yaml") for each in yaml.safe_load_all(text) if each]
for each in found:
    for version in versions:
        if each["apiVersion"] != "monitoring.coreos.com/v1":
            kubernetes_validate.validate(each, version, strict=True)
print(json.dumps(found))
"""
OPERATOR = """
import json, sys
from cloudcoil.models.prometheus_operator import v1
faults = []
for each in json.loads(sys.argv[1]):
    try:
        known = getattr(v1, each["kind"]).model_validate(each)
    except ValueError as error:
        faults.append(str(error.errors()[0]["loc"]))
    else:  # it drops what it doesn't know
        same = known.model_dump(mode="json", by_alias=True, exclude_unset=True) == each
        faults.append("" if same else "unknown field")
print(json.dumps(faults))
"""
VERSIONS = ["1.27", "1.31", "1.35"]

Render = Callable[..., dict[str, Any]]


@pytest.fixture
def render(tools: Path) -> Render:
    """Everything that the chart makes of these values, valid for each of these Kubernetes; by kind."""

    def render(**values: Any) -> dict[str, Any]:
        found = printed(tools, RENDER, str(CHART), json.dumps(values), json.dumps(VERSIONS))
        return {f"{each['kind']}/{each['metadata']['name']}": each for each in found}

    return render


def printed(tools: Path, program: str, *arguments: str) -> Any:
    """What a program prints as JSON."""
    done = subprocess.run([tools / "python", "-c", program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    return json.loads(done.stdout)


def of(name: str) -> Any:
    """Values that come along."""
    return yaml.safe_load((CHART / name).read_text())


def pod(made: dict[str, Any]) -> Any:
    """What runs."""
    return made["StatefulSet/fleet-mothership"]["spec"]["template"]["spec"]


@pytest.mark.parametrize("name", ["values.yaml", "values-ship.yaml", "values-shore.yaml", "values-cluster.yaml"])
def test_what_comes_along_is_valid_and_the_service_can_run_on_it(name: str, render: Render, tmp_path: Path) -> None:
    """Its configuration loads as the pod would load it; it is confined, and keeps its spool on a volume."""
    made = render(**of(name))
    text = made["ConfigMap/fleet-mothership"]["data"]["config.yaml"]
    (tmp_path / "config.yaml").write_text(text)
    runs = pod(made)
    [container] = runs["containers"]
    environ = {each["name"]: each["value"] for each in container["env"]} | {"MOTHERSHIP_AUTH_TOKENS": "a" * 32}
    if name == "values-cluster.yaml":
        environ["MOTHERSHIP_RELAY__SPOOL__JETSTREAM__PASSWORD"] = "correct-horse"
    settings = load(tmp_path / "config.yaml", environ)
    assert settings.server.port == container["ports"][0]["containerPort"]
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    assert mounts[str(settings.server.data_dir)] == "spool"
    assert environ["MOTHERSHIP_CONFIG"].startswith("/etc/mothership/")
    assert mounts["/etc/mothership"] == "config"
    assert {each["name"] for each in runs["volumes"]} | {"spool"} == set(mounts.values())
    assert runs["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert runs["terminationGracePeriodSeconds"] > settings.server.shutdown_seconds + 5
    assert {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "startup")} == {"/livez"}
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    claim = made["StatefulSet/fleet-mothership"]["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]
    waits_here = settings.relay.spool.max_bytes * settings.server.workers if settings.relay.spool.kind == "file" else 0
    assert int(claim["storage"].removesuffix("Gi")) * 2**30 > waits_here


def test_a_shore_scales_by_what_waits_and_is_watched_and_fenced(render: Render) -> None:
    """The metric is one that the service has; replicas are left to the autoscaler."""
    made = render(**of("values-shore.yaml"))
    scaler = made["HorizontalPodAutoscaler/fleet-mothership"]["spec"]
    name = scaler["metrics"][0]["pods"]["metric"]["name"]
    assert name in {metric.name for metric in metric_registry.registry().collect()}
    assert "replicas" not in made["StatefulSet/fleet-mothership"]["spec"]
    assert made["PodDisruptionBudget/fleet-mothership"]["spec"]["maxUnavailable"] == 1
    labels = made["Service/fleet-mothership"]["metadata"]["labels"]
    wanted = made["ServiceMonitor/fleet-mothership"]["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= labels.items()
    assert not wanted.items() <= made["Service/fleet-mothership-instances"]["metadata"]["labels"].items()
    assert made["ServiceMonitor/fleet-mothership"]["spec"]["jobLabel"] in labels
    assert labels["app.kubernetes.io/name"] == "mothership", "what the alert rules call the job"
    policy = made["NetworkPolicy/fleet-mothership"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert pod(made)["containers"][0]["envFrom"] == [{"secretRef": {"name": "mothership"}}]
    assert "Secret/fleet-mothership" not in made


def test_instances_on_a_cluster_keep_nothing_of_their_own(render: Render, tmp_path: Path) -> None:
    """Two, whose spool is a stream that they may reach; a volume goes with its instance."""
    made = render(**of("values-cluster.yaml"))
    (tmp_path / "config.yaml").write_text(made["ConfigMap/fleet-mothership"]["data"]["config.yaml"])
    settings = load(tmp_path / "config.yaml", {"MOTHERSHIP_RELAY__SPOOL__JETSTREAM__PASSWORD": "correct-horse"})
    assert settings.relay.spool.kind == "jetstream"
    assert len(settings.relay.spool.jetstream.servers) == settings.relay.spool.jetstream.replicas == 3
    assert settings.relay.spool.jetstream.sync_always
    assert not settings.relay.spool.jetstream.fallback, "it would wait on the volume"
    runs = made["StatefulSet/fleet-mothership"]["spec"]
    assert runs["replicas"] == 2
    assert runs["persistentVolumeClaimRetentionPolicy"]["whenScaled"] == "Delete"
    ports = {port["port"] for way in made["NetworkPolicy/fleet-mothership"]["spec"]["egress"] for port in way["ports"]}
    assert {urlsplit(server).port for server in settings.relay.spool.jetstream.servers} < ports


def test_the_alert_rules_are_those_of_the_repository(render: Render) -> None:
    """One file for both; the job and the label by which an operator picks rules are right."""
    made = render(prometheusRule={"enabled": True, "labels": {"release": "prometheus"}})
    rule = made["PrometheusRule/fleet-mothership"]
    assert rule["spec"] == yaml.safe_load(RULES.read_text())
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    assert "PrometheusRule/fleet-mothership" not in render()
    assert "PrometheusRule/fleet-mothership" in render(**of("values-shore.yaml"))


def test_what_the_operator_reads_is_of_its_schema(render: Render, tools: Path) -> None:
    """Every field of both resources, and a slip in one would be seen."""
    monitored = {"enabled": True, "labels": {"release": "prometheus"}}
    made = render(tls=True, serviceMonitor={**monitored, "tokenSecret": "metrics"}, prometheusRule=monitored)
    monitor, rule = made["ServiceMonitor/fleet-mothership"], made["PrometheusRule/fleet-mothership"]
    unknown, no_text = deepcopy(monitor), deepcopy(monitor)
    unknown["spec"]["endpoints"][0]["paht"] = "/metrics"
    no_text["spec"]["endpoints"][0]["port"] = ["http"]
    faults = printed(tools, OPERATOR, json.dumps([monitor, rule, unknown, no_text]))
    assert faults == ["", "", "unknown field", "('spec', 'endpoints', 0, 'port')"]


def test_secrets_are_in_a_secret_and_a_change_starts_the_pods_anew(render: Render) -> None:
    """Nothing of them is in the configuration."""
    one = render(secrets={"MOTHERSHIP_DB_DSN": "postgresql://u:hunter2@h/d"})
    other = render(secrets={"MOTHERSHIP_DB_DSN": "postgresql://u:hunter3@h/d"})
    assert one["Secret/fleet-mothership"]["stringData"]["MOTHERSHIP_DB_DSN"].endswith("hunter2@h/d")
    assert "hunter2" not in json.dumps({name: each for name, each in one.items() if not name.startswith("Secret")})
    assert pod(one)["containers"][0]["envFrom"] == [{"secretRef": {"name": "fleet-mothership"}}]
    name = "StatefulSet/fleet-mothership"
    assert one[name]["spec"]["template"]["metadata"] != other[name]["spec"]["template"]["metadata"]


def test_every_part_can_be_set(render: Render) -> None:
    """TLS, files, digests, classes of storage, tolerations: and the result is valid still."""
    made = render(
        tls=True,
        image={"repository": "registry.example/mothership", "digest": "sha256:" + "0" * 64},
        imagePullSecrets=[{"name": "pull"}],
        secretFiles=[{"secret": "mothership-tls", "path": "/etc/mothership-tls"}],
        config={"server": {"tls": {"cert_file": "/etc/mothership-tls/tls.crt"}}},
        spool={"size": "1Ti", "storageClass": "fast", "whenScaled": "Delete"},
        serviceMonitor={"enabled": True, "labels": {"release": "prometheus"}},
        networkPolicy={"enabled": True, "from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]},
        podAnnotations={"a": "b"},
        nodeSelector={"disk": "ssd"},
        tolerations=[{"key": "sea", "operator": "Exists"}],
        affinity={"nodeAffinity": {}},
        service={"type": "LoadBalancer", "annotations": {"a": "b"}},
    )
    container = pod(made)["containers"][0]
    assert container["image"] == "registry.example/mothership@sha256:" + "0" * 64
    assert container["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert made["ServiceMonitor/fleet-mothership"]["spec"]["endpoints"][0]["scheme"] == "https"


@pytest.mark.parametrize("values", [{"replica": 2}, {"image": {"digest": "latest"}}, {"secrets": {"A": 1}}])
def test_a_slip_in_the_values_is_refused(values: Any, render: Render) -> None:
    """By the chart's schema, before anything is made."""
    with pytest.raises(ValueError, match="values"):
        render(**values)


def test_the_chart_is_of_this_version() -> None:
    """Its own and the image's."""
    chart = of("Chart.yaml")
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
