"""Counters, gauges and histograms in one registry, shown at `/metrics` as OpenMetrics.

Names follow OpenMetrics: `<what>_<unit>`, here without the `plauder_` that is put before them and without the
suffixes that the format adds. Labels have few, fixed values and never name a person.

`count`, `observe` and `gauge` make a metric when it is first used, with the labels of that use; all later uses must
bring the same ones. `describe` gives it its text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

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
        self._docs: dict[str, tuple[str, Sequence[float]]] = {}
        self._parents: dict[tuple[type, str], Any] = {}
        self._children: dict[tuple[Any, ...], Any] = {}
        if with_process:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)

    def describe(self, name: str, doc: str, *, buckets: Sequence[float] = MILLISECONDS) -> None:
        """Give a metric its text (and a histogram its buckets) before its first use."""
        self._docs[name] = (doc, buckets)

    def count(self, name: str, amount: float = 1, /, **labels: str) -> None:
        """Add to a counter."""
        self._child(Counter, name, labels).inc(amount)

    def observe(self, name: str, value: float, /, **labels: str) -> None:
        """Record one measurement of a histogram; durations are in seconds."""
        self._child(Histogram, name, labels).observe(value)

    def gauge(self, name: str, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        self._child(Gauge, name, labels).set(value)

    def watch(self, name: str, doc: str, read: Callable[[], float]) -> None:
        """A gauge that is read when it is asked for, so the hot path pays nothing."""
        Gauge(name, doc, namespace="plauder", registry=self.registry).set_function(read)

    def text(self) -> bytes:
        """All of it in OpenMetrics text format."""
        return cast(bytes, generate_latest(self.registry))  # type: ignore[no-untyped-call]

    def _child(self, kind: type, name: str, labels: dict[str, str]) -> Any:
        key = (kind, name, *labels.items())
        child = self._children.get(key)
        if child is None:
            parent = self._parents.get((kind, name))
            if parent is None:
                doc, buckets = self._docs.get(name, (name.replace("_", " ").capitalize() + ".", MILLISECONDS))
                options = {"buckets": buckets} if kind is Histogram else {}
                parent = kind(name, doc, tuple(labels), namespace="plauder", registry=self.registry, **options)
                self._parents[kind, name] = parent
            child = self._children[key] = parent.labels(**labels) if labels else parent
        return child
