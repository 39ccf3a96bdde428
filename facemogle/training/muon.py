"""Muon in the precision of the weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from facemogle.runs.mask_tokens import cpu_multiplies_bfloat16


class Muon(torch.optim.Muon):
    """`torch.optim.Muon` with the rates of AdamW, on any processor.

    torch orthogonalises in bfloat16, which a CPU that does not multiply it emulates: that took
    nine tenths of a step of the embedded model. There it is done in the weights' own precision.
    """

    def __init__(self, parameters: Any, rate: float) -> None:
        super().__init__(parameters, lr=rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore
        """See `torch.optim.Optimizer.step`."""
        first = self.param_groups[0]["params"][0]
        if first.device.type != "cpu" or cpu_multiplies_bfloat16():
            return super().step(closure)
        loss = closure() if closure else None
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)
        return loss

    def _update(self, parameter: Tensor, group: dict[str, Any]) -> None:
        state, gradient = self.state[parameter], parameter.grad
        assert gradient is not None
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        average = state["momentum_buffer"].lerp_(gradient, 1 - group["momentum"])
        direction = orthogonalized(
            gradient.lerp(average, group["momentum"]), group["ns_coefficients"], group["ns_steps"]
        )
        rate = 0.2 * math.sqrt(max(parameter.shape)) * group["lr"]
        parameter.mul_(1 - group["lr"] * group["weight_decay"]).add_(direction, alpha=-rate)


def orthogonalized(matrix: Tensor, coefficients: tuple[float, float, float], steps: int) -> Tensor:
    """The nearest matrix whose singular values are about 1, by a Newton-Schulz iteration.

    matrix: (M, N), in whose precision it is done. See Muon, kellerjordan.github.io/posts/muon.
    """
    a, b, c = coefficients
    x = matrix / matrix.norm().clamp_min(1e-7)
    x = x.T if matrix.shape[0] > matrix.shape[1] else x
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if matrix.shape[0] > matrix.shape[1] else x
