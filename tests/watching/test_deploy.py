"""What is deployed is whole, pinned, on loopback, and asks for metrics that exist."""

import configparser
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from typer.main import get_command

from tests.binance.arena import Listener
from tests.binance.scripted import BTC
from tests.house.reading import ROOT
from tests.watching.lived import Watched
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.works import Access, Works
from thunes.cli import app
from thunes.compose.clearance import Lack, Lacking, Refused
from thunes.ops.metrics import AccountMetrics, Gaps, new_registry
from thunes.ops.process_metrics import Health, HealthMetrics, VenueMetrics

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "thunes.service"
WANTED = {
    "thunes_kill_switch_active",
    "thunes_circuit_breaker_state",
    "thunes_daily_pnl_used",
    "thunes_open_positions",
    "thunes_orders_placed_total",
    "thunes_order_latency_ms_bucket",
    "thunes_ws_gap_seconds_bucket",
    "thunes_ws_connected",
    "thunes_ws_reconnects_total",
    "thunes_orders_rejected_total",
    "thunes_entries_refused_total",
    "thunes_rest_fallbacks_total",
}


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Every name that a process serves, its labelled ones too."""
    registry: CollectorRegistry = new_registry()
    Gaps(registry)
    AccountMetrics(registry, Watched().engine, "binance")
    registry.register(HealthMetrics(Health(dict, dict, float, int, int)))
    access = Access("http://127.0.0.1:1", Keys("k", "s"), {BTC.symbol: BTC})
    works = Works(access, Listener(), lambda: 0)
    registry.register(VenueMetrics(lambda: works, [BTC.symbol]))
    found: set[str] = {"up"}
    for family in registry.collect():
        endings = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
        found |= {family.name + each for each in endings.get(family.type, [""])}
    return found


def test_every_metric_that_was_asked_for_is_served(names: set[str]) -> None:
    assert names >= WANTED


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text("utf-8"))


def asked_for(expression: str) -> set[str]:
    """The metrics that an expression reads."""
    plain = re.sub(r"\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)", "", expression)
    return set(re.findall(r"\b(?:thunes|process)_\w+|\bup\b", plain))


def rules() -> dict[str, Any]:
    return {
        rule["alert"]: rule for group in read("alerts.yml")["groups"] for rule in group["rules"]
    }


@pytest.mark.parametrize(
    ("alert", "lasts", "severity", "says"),
    [
        ("KillSwitchActive", "5m", "critical", "== 1"),
        ("CircuitBreakerOpen", "10m", "warning", "== 1"),
        ("WebSocketDisconnected", "2m", "warning", "== 0"),
        ("HighOrderLatency", "5m", "warning", "> 500"),
    ],
)
def test_an_alert_waits_as_long_as_was_asked_for(
    alert: str, lasts: str, severity: str, says: str
) -> None:
    rule = rules()[alert]
    assert (rule["for"], rule["labels"]["severity"]) == (lasts, severity)
    assert rule["expr"].endswith(says)


def test_every_alert_asks_for_metrics_that_exist_and_says_what_it_means(names: set[str]) -> None:
    for name, rule in rules().items():
        assert asked_for(rule["expr"]), name
        assert asked_for(rule["expr"]) <= names, name
        assert {"summary", "description"} <= set(rule["annotations"]), name


def panels() -> list[dict[str, Any]]:
    text = (DEPLOY / "grafana/dashboards/trading.json").read_text("utf-8")
    found: list[dict[str, Any]] = json.loads(text)["panels"]
    return found


def test_the_dashboard_shows_what_was_asked_for(names: set[str]) -> None:
    shown: set[str] = set()
    for panel in panels():
        for target in panel["targets"]:
            assert asked_for(target["expr"]) <= names, panel["title"]
            shown |= asked_for(target["expr"])
    assert len(panels()) >= 6
    assert shown >= {
        "thunes_daily_pnl",
        "thunes_open_positions",
        "thunes_kill_switch_active",
        "thunes_circuit_breaker_state",
        "thunes_order_latency_ms_bucket",
        "thunes_ws_connected",
    }
    latency = [t["expr"] for p in panels() for t in p["targets"] if "quantile" in t["expr"]]
    assert [re.findall(r"0\.\d+", each)[0] for each in latency] == ["0.5", "0.95", "0.99"]


def test_panels_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not taken & cells, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_a_name_that_does_not_exist_would_be_seen(names: set[str]) -> None:
    assert asked_for('sum by (le) (rate(thunes_gone_total{a="thunes_x"}[5m])) > up') == {
        "thunes_gone_total",
        "up",
    }
    assert "thunes_gone_total" not in names


def test_images_are_pinned_and_nothing_is_published_but_on_loopback() -> None:
    services = read("compose.yaml")["services"]
    for name, service in services.items():
        image = service["image"]
        assert "build" in service or re.search(r":v?\d+\.\d+\.\d+$", image), (name, image)
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), (name, port)
    for line in (DEPLOY / "Dockerfile").read_text("utf-8").splitlines():
        if line.startswith("FROM "):
            assert re.search(r":\d+\.\d+\.\d+", line), line


def test_files_that_the_stack_mounts_are_there() -> None:
    stack = read("compose.yaml")
    for service in stack["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert source in stack["volumes"] or (DEPLOY / source).exists(), mount
    assert read("prometheus.yml")["rule_files"] == ["alerts.yml"]


def test_prometheus_reads_where_metrics_are_served() -> None:
    services = read("compose.yaml")["services"]
    (job,) = read("prometheus.yml")["scrape_configs"]
    (where,) = job["static_configs"]
    assert where["targets"] == ["127.0.0.1:9464"]
    assert services["prometheus"]["network_mode"] == "service:thunes", "it is loopback to both"
    source = read("grafana/provisioning/datasources/prometheus.yml")["datasources"][0]
    assert source["uid"] == panels()[0]["datasource"]["uid"]
    assert f":{9090}" in source["url"]
    assert "127.0.0.1:9090:9090" in services["thunes"]["ports"]


def test_the_image_runs_as_nobody_special_and_is_asked_how_it_is() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", "")
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert re.search(r'^HEALTHCHECK .*"thunes", "status", .*"--json"\]$', text, re.MULTILINE)
    service = read("compose.yaml")["services"]["thunes"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert not any("=" in each for each in service["environment"]), "no secret is written down"


def _directives() -> Iterator[tuple[str, str]]:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(UNIT)
    yield from unit["Service"].items()


def test_the_unit_is_watched_started_again_and_fenced_in() -> None:
    said = dict(_directives())
    assert said["Type"] == "notify"
    assert said["Restart"] == "always"
    assert int(said["WatchdogSec"]) > 30, "the process ends itself first, and says why"
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "RestrictSUIDSGID"):
        assert said[name] == "true"
    assert said["ProtectSystem"] == "strict"
    assert said["StateDirectory"] == "thunes"
    assert said["User"] == "thunes"


def test_what_needs_a_person_is_not_tried_again() -> None:
    """What only the doctor objects to may pass, and is."""
    never = int(dict(_directives())["RestartPreventExitStatus"])
    consent, doctor = (Lack(what, "") for what in (Lacking.CONSENT, Lacking.DOCTOR))
    assert Refused([consent, doctor]).exit_code == never != Refused([doctor]).exit_code


def test_how_the_unit_trades_real_money_can_be_typed() -> None:
    text = UNIT.read_text("utf-8").replace("\\\n#", "")
    said = [
        line.split(" live ", 1)[1].split() for line in text.splitlines() if " live --st" in line
    ]
    known = {name for each in get_command(app).commands["live"].params for name in each.opts}
    assert len(said) == 2
    for words in said:
        assert {word for word in words if word.startswith("-")} <= known


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text("utf-8"))
    (tmp_path / "thunes.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "thunes.service")],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
