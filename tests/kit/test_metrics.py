"""Metrics: one registry per server, OpenMetrics text."""

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from plauder.kit.metrics import Metrics


def test_it_is_openmetrics() -> None:
    metrics = Metrics(with_process=True)
    metrics.counter("messages", "Messages.", ["why"]).labels("online").inc()
    metrics.watch("sessions", "Sessions.", lambda: 7)
    metrics.histogram("commit_seconds", "Commits.").observe(0.003)
    families = {family.name: family for family in text_string_to_metric_families(metrics.text().decode())}
    assert families["plauder_messages"].samples[0].value == 1
    assert families["plauder_sessions"].samples[0].value == 7
    assert "process_cpu_seconds" in families


def test_two_servers_do_not_share() -> None:
    first, second = Metrics(), Metrics()
    first.counter("x", "X.").inc()
    assert b"plauder_x_total 1.0" in first.text()
    assert b"plauder_x" not in second.text()
