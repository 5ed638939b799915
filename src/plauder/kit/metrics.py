"""Counters, gauges and histograms in one registry, shown at `/metrics` as OpenMetrics.

Names follow OpenMetrics: `plauder_<what>_<unit>`; labels have few, fixed values and never name a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST

MILLISECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
"""Histogram buckets, in seconds, for what should take milliseconds."""


class Metrics:
    """One registry per server, so that two servers in one process do not count each other's work."""

    def __init__(self, *, with_process: bool = False) -> None:
        self.registry = CollectorRegistry()
        if with_process:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)

    def counter(self, name: str, doc: str, labels: Sequence[str] = ()) -> Counter:
        """Something that only goes up."""
        return Counter(name, doc, labels, namespace="plauder", registry=self.registry)

    def gauge(self, name: str, doc: str, labels: Sequence[str] = ()) -> Gauge:
        """Something that goes up and down."""
        return Gauge(name, doc, labels, namespace="plauder", registry=self.registry)

    def watch(self, name: str, doc: str, read: Callable[[], float]) -> Gauge:
        """A gauge that is read when it is asked for, so the hot path pays nothing."""
        gauge = self.gauge(name, doc)
        gauge.set_function(read)
        return gauge

    def histogram(
        self, name: str, doc: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = MILLISECONDS
    ) -> Histogram:
        """How a value, as a duration in seconds, is distributed."""
        return Histogram(name, doc, labels, namespace="plauder", registry=self.registry, buckets=buckets)

    def text(self) -> bytes:
        """All of it in OpenMetrics text format."""
        return cast(bytes, generate_latest(self.registry))  # type: ignore[no-untyped-call]
