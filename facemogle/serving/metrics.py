"""What is counted of the server's work, in Prometheus' terms."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """Counters of one server.

    images: by kind ("face", "edit", "draft") and outcome ("done", "stopped", "refused", "failed").
    seconds: by part: "start" until sampling begins, "step", and "image" for a whole image.
    refusals: requests turned away, by reason: too large ("size"), too many of one visitor ("rate")
        or of all ("full"), or not complete in time ("slow").
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, processor time, open files
        self.images = Counter(
            "facemogle_images", "Images asked for", ["kind", "outcome"], registry=self.registry
        )
        self.seconds = Histogram(
            "facemogle_seconds",
            "Seconds by part of the work",
            ["part"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.refusals = Counter(
            "facemogle_refusals", "Requests turned away", ["reason"], registry=self.registry
        )

    def refuse(self, reason: str) -> None:
        """Count a request that is turned away."""
        self.refusals.labels(reason).inc()

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show a number that is looked up when it is asked for."""
        Gauge(f"facemogle_{name}", text, registry=self.registry).set_function(value)
