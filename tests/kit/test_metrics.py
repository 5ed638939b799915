"""Metrics: one registry per server, OpenMetrics text."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from plauder.kit.metrics import Metrics


def test_it_is_openmetrics() -> None:
    metrics = Metrics(with_process=True)
    metrics.describe("messages", "Messages by fate.")
    metrics.count("messages", why="online")
    metrics.count("messages", 2, why="online")
    metrics.count("messages", why="away")
    metrics.watch("sessions", "Sessions.", lambda: 7)
    metrics.gauge("queue_depth", 3)
    metrics.describe("commit_seconds", "Commits.", buckets=(1, 2))
    metrics.observe("commit_seconds", 1.5)
    families = {family.name: family for family in text_string_to_metric_families(metrics.text().decode())}
    assert families["plauder_messages"].documentation == "Messages by fate."
    values = {s.labels["why"]: s.value for s in families["plauder_messages"].samples if s.name.endswith("_total")}
    assert values == {"online": 3, "away": 1}
    assert families["plauder_sessions"].samples[0].value == 7
    assert families["plauder_queue_depth"].samples[0].value == 3
    buckets = [s.value for s in families["plauder_commit_seconds"].samples if s.name.endswith("_bucket")]
    assert buckets == [0, 1, 1]
    assert "process_cpu_seconds" in families


def test_two_servers_do_not_share() -> None:
    first, second = Metrics(), Metrics()
    first.count("x")
    assert b"plauder_x_total 1.0" in first.text()
    assert b"plauder_x" not in second.text()


def test_labels_of_one_metric_do_not_change() -> None:
    metrics = Metrics()
    metrics.count("x", why="a")
    with pytest.raises(ValueError, match="label"):
        metrics.count("x", who="b")
