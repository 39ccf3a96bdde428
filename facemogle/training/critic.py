"""A critic of small squares of images, and the losses of the two who play against each other.

Shapes: B batch, H and W sides of the crops in pixels, h and w of the critic's answers.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

SLOPE = 0.2
JITTER = 0.05


class Critic(nn.Module):
    """Says of each place of an image how real it looks: (B, 3, H, W) -> (B, 1, h, w).

    It has no normalisation, since how strong fine detail is has to reach its answer; what keeps it
    smooth is the penalty in `critic_loss`. widths: channels of its layers, each of half the size of
    the one before but for the last.
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        kernels = [4] * (len(widths) - 1) + [3]
        layers = [
            nn.Conv2d(before, after, kernel, stride=2 if kernel == 4 else 1, padding=1)
            for before, after, kernel in zip((3, *widths), widths, kernels, strict=False)
        ]
        self.layers = nn.ModuleList(layers)
        self.answer = nn.Conv2d(widths[-1], 1, 3, padding=1)
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight, SLOPE)
            nn.init.constant_(layer.get_parameter("bias"), 0)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Images (B, 3, H, W) in [-1, 1] -> answers (B, 1, h, w) and what each layer saw."""
        seen = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
            seen.append(x)
        return self.answer(x), seen


def critic_loss(critic: Critic, real: Tensor, painted: Tensor) -> dict[str, Tensor]:
    """How badly the critic tells real crops from those painted from the same latents.

    Each place is compared with the same place of the other image (relativistic pairing, arXiv
    2501.05441). The penalty is on answers that a little noise changes: a gradient penalty without
    a second derivative (arXiv 2501.08316).
    real, painted: (B, 3, H, W) in [-1, 1].
    """
    painted = painted.detach()
    on_real, on_painted = critic(real)[0], critic(painted)[0]
    changes = [
        (critic(image + JITTER * torch.randn_like(image))[0] - answer).square().mean()
        for image, answer in ((real, on_real), (painted, on_painted))
    ]
    told_apart = (on_real - on_painted).float()
    return {
        "critic": F.softplus(-told_apart).mean(),
        "penalty": (changes[0] + changes[1]) / JITTER**2,
        "told_apart": (told_apart > 0).float().mean(),
    }


def painter_loss(critic: Critic, real: Tensor, painted: Tensor) -> tuple[Tensor, Tensor]:
    """How real painted crops look to the critic, and how far what it sees in them is from what it
    sees in the real ones (feature matching). The critic itself gets no gradient.
    """
    fixed = {name: weights.detach() for name, weights in critic.named_parameters()}
    with torch.no_grad():
        on_real, seen_real = critic(real)
    on_painted, seen = functional_call(critic, fixed, (painted,))
    features = torch.stack(
        [
            F.l1_loss(mine.float(), theirs.float()) / theirs.float().abs().mean()
            for mine, theirs in zip(seen, seen_real, strict=True)
        ]
    )
    return F.softplus((on_real - on_painted).float()).mean(), features.mean()
