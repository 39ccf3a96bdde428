"""How long a training run is: so many steps, or until a clock shows some time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from accelerate.utils import broadcast_object_list

SAVE_EVERY_S = 1.0


class Steps:
    """A run of so many steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def passed(self, step: int) -> float:
        """Share of the run that has passed after so many steps: 0 at its start, 1 at its end.

        Depends on the numbers of steps alone, so a resumed run may have another total.
        """
        return step / self.steps


class Clock:
    """Seconds that a command has worked, those before it was stopped or killed included.

    path: of a JSON file, which also remembers when each run began and what is done.
    now: a monotonic clock, in seconds.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.monotonic) -> None:
        self.path, self.now = path, now
        kept = json.loads(path.read_text("utf8")) if path.is_file() else {}
        self.began: dict[str, float] = kept.get("began", {})
        self.done: list[str] = kept.get("done", [])
        self.zero = now() - kept.get("seconds", 0.0)
        self.saved = -SAVE_EVERY_S

    def seconds(self) -> float:
        """By the first process's clock: all must agree."""
        return broadcast_object_list([self.now() - self.zero])[0]

    def finish(self, name: str) -> None:
        """Remember that a part of the command's work is done."""
        self.done.append(name)
        self.save(self.seconds())

    def save(self, seconds: float) -> None:
        """Keep the file up to date; it changes as a whole, even if the command is killed."""
        self.saved = seconds
        kept = {"seconds": round(seconds, 2), "began": self.began, "done": self.done}
        unfinished = self.path.with_suffix(f".{os.getpid()}.part")
        unfinished.write_text(json.dumps(kept), "utf8")
        os.replace(unfinished, self.path)


class Until:
    """A run from its first step until a clock shows so many seconds.

    What is prepared before that step takes from the run's time, but not from its warm-up. However
    late it is, one step is made.

    name: of the run, by which the clock remembers when it began. end: seconds.
    """

    steps = None

    def __init__(self, clock: Clock, name: str, end: float) -> None:
        self.clock, self.name, self.end = clock, name, end

    def passed(self, step: int) -> float:
        """Share of the run that has passed: 0 at its first step, 1 at its end."""
        now = self.clock.seconds()
        began = self.clock.began.setdefault(self.name, now)
        if step == 0:
            began = self.clock.began[self.name] = now
        if now - self.clock.saved >= SAVE_EVERY_S:
            self.clock.save(now)
        return min((now - began) / max(self.end - began, 1e-9), 1.0)


Length = Steps | Until
"""How long a run is. Both have `steps`, the number of them if it is known beforehand, and `passed`.
"""
