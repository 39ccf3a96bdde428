"""What every training stage shares: resume, EMA, learning-rate schedule, progress."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, broadcast_object_list
from diffusers.training_utils import EMAModel
from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm.auto import tqdm

from facemogle.runs.mask_tokens import cpu_multiplies_bfloat16
from facemogle.training.clock import Length

WARM_UP_SHARE = 0.05
REPORT_EVERY = 25
SAVE_EVERY_S = 240


def learning_rate_factor(passed: float, decay_share: float) -> float:
    """Warm-up from 2 %, constant, linear decay to 2 %; 1 throughout if there is no share of decay.

    passed: share of the run that has passed. decay_share: of the run, at its end, over which the
    factor falls.
    """
    if not decay_share:
        return 1.0
    return max(min(passed / WARM_UP_SHARE, 1.0, (1 - passed) / decay_share), 0.02)


class Run:
    """One training stage in a folder: run the same command again to go on where it stopped.

    model: everything that is trained, as one module; a frozen part of it is not stored.
    ``folder/state`` holds what resuming needs, ``folder/log.jsonl`` one line of losses per report.
    length: how long it is. max_gradient: norm to which gradients are clipped.
    decay_share: see `learning_rate_factor`.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        model: nn.Module,
        optimizers: list[Optimizer],
        folder: Path,
        length: Length,
        ema_decay: float,
        max_gradient: float = 1.0,
        decay_share: float = 0.4,
    ) -> None:
        self.accelerator, self.folder, self.length = accelerator, folder, length
        self.max_gradient, self.decay_share = max_gradient, decay_share
        self.base_rates = [[g["lr"] for g in o.param_groups] for o in optimizers]
        self.model, *self.optimizers = accelerator.prepare(model, *optimizers)
        self.saved = time.monotonic()
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.ema = EMAModel(
            self.parameters,
            decay=ema_decay,
            use_ema_warmup=True,
            power=0.75,
            foreach=accelerator.device.type == "cuda",
        )
        self.ema.to(accelerator.device)
        self.step = 0
        folder.mkdir(parents=True, exist_ok=True)
        accelerator.register_for_checkpointing(self)
        # What is trained is part of this object's state; a frozen base can be far larger.
        accelerator.register_save_state_pre_hook(lambda models, weights, path: weights.clear())
        accelerator.register_load_state_pre_hook(lambda models, path: models.clear())
        if (folder / "state").is_dir():
            accelerator.load_state(str(folder / "state"))
            accelerator.print(f"Resuming {folder} at step {self.step}, {self.passed():.0%} done.")

    def passed(self) -> float:
        """Share of the run that has passed, 0 to 1."""
        return self.length.passed(self.step)

    def state_dict(self) -> dict:
        model = self.accelerator.unwrap_model(self.model)
        frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
        tensors = {k: v for k, v in model.state_dict().items() if k not in frozen}
        return {"step": self.step, "ema": self.ema.state_dict(), "model": tensors}

    def load_state_dict(self, state: dict) -> None:
        self.step = state["step"]
        model = self.accelerator.unwrap_model(self.model)
        model.load_state_dict(state["model"], strict=False)  # without what is frozen
        self.ema.load_state_dict(state["ema"])

    def save(self) -> None:
        self.accelerator.save_state(str(self.folder / "state"))
        self.saved = time.monotonic()

    def _is_time_to_save(self) -> bool:
        """By the first process's clock: all must save together."""
        answer = [time.monotonic() - self.saved > SAVE_EVERY_S]
        return broadcast_object_list(answer)[0]

    def train(
        self, batches: Iterable, loss_of: Callable[..., dict[str, Tensor]], until: float = 1.0
    ) -> None:
        """Train until a share of the run has passed.

        ``loss_of(batch)`` returns named losses; ``loss`` is minimised, all are reported.
        """
        if self.passed() >= until:
            return
        bar = tqdm(
            total=self.length.steps,
            initial=self.step,
            desc=self.folder.name,
            mininterval=5,
            disable=not self.accelerator.is_main_process,
        )
        report = Report(self.folder / "log.jsonl", bar, self.accelerator)
        for batch in batches:
            losses = self._update(batch, loss_of)
            self.step += 1
            report.add(losses)
            if self.step % REPORT_EVERY == 0:
                report.write(self.step)
            if self._is_time_to_save():
                self.save()
            if self.passed() >= until:
                break
        bar.close()
        self.save()

    def _update(self, batch: object, loss_of: Callable[..., dict[str, Tensor]]) -> dict:
        factor = learning_rate_factor(self.passed(), self.decay_share)
        for optimizer, rates in zip(self.optimizers, self.base_rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
        with self.accelerator.autocast():
            losses = loss_of(batch)
        self.accelerator.backward(losses["loss"])
        self.accelerator.clip_grad_norm_(self.parameters, self.max_gradient)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.ema.step(self.parameters)
        return losses

    def averaged(self) -> nn.Module:
        """The model with its averaged (EMA) weights; training cannot go on afterwards."""
        self.ema.copy_to(self.parameters)
        return self.accelerator.unwrap_model(self.model)


class Report:
    """Mean losses of all processes since the last line, as a JSON line in a file and beside a
    progress bar.
    """

    def __init__(self, path: Path, bar: tqdm, accelerator: Accelerator) -> None:
        self.path, self.bar, self.accelerator = path, bar, accelerator
        self._clear()

    def _clear(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.steps, self.since = 0, time.monotonic()

    def add(self, losses: dict[str, Tensor]) -> None:
        """Count one step."""
        self.steps += 1
        self.bar.update()
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + value.detach()

    def write(self, step: int) -> None:
        """Write the means of the steps since the last call."""
        sums: Any = self.accelerator.reduce(self.sums, "mean")
        means = {name: round(float(value) / self.steps, 5) for name, value in sums.items()}
        seconds = round((time.monotonic() - self.since) / self.steps, 4)
        if self.accelerator.is_main_process:
            with self.path.open("a") as log:
                log.write(json.dumps({"step": step, **means, "s_per_step": seconds}) + "\n")
        self.bar.set_postfix(means)
        self._clear()


def make_accelerator(mixed_precision: str) -> Accelerator:
    """mixed_precision: ``no``, ``bf16``, or ``auto``: bf16 where the hardware multiplies it.

    Elsewhere bf16 is emulated, which took 2.4 times as long as float32 for the embedded model.
    """
    on_gpu = torch.cuda.is_available()
    if mixed_precision == "auto":
        mixed_precision = "bf16" if on_gpu or cpu_multiplies_bfloat16() else "no"
    # Steps without a condition stream leave its parameters alone, and so does the last block.
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    return Accelerator(mixed_precision=mixed_precision, cpu=not on_gpu, kwargs_handlers=[unused])
