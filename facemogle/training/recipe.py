"""The numbers of a training run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class VAERecipe:
    """channels: width per level, full to 1/8 resolution; the first level has no layers.
    size: side of the images read, crop: side of the crops trained on, both in pixels.
    workers: processes that load the data; 0 = the one that trains.
    """

    channels: tuple[int, ...] = (16, 32, 64, 128)
    encoder_layers: tuple[int, ...] = (0, 1, 1, 1)
    decoder_layers: tuple[int, ...] = (0, 2, 2, 2)
    size: int = 256
    crop: int = 128
    batch: int = 8
    steps: int = 3000
    learning_rate: float = 1e-3
    ema_decay: float = 0.995
    mixed_precision: str = "auto"
    seed: int = 0
    workers: int = 0


@dataclass(frozen=True)
class DecoderRecipe:
    """A decoder of one level more than the encoder, see `facemogle.training.decoder`.

    channels, layers: per level, full resolution first. size: side of the images painted, in pixels.
    crop: side of the crops trained on, in tokens. own: share of the visits that see latents which
    the model has made, of the first own_faces faces of a folder. noise, own_noise: most that is
    added to true and to such latents, whose own standard deviation is 1. judged_from: the
    share of the run after which the critic joins, if the decoder is a new one.
    judge_share: how far what the critic says moves the painting, beside 1 of the difference in
    pixels. feature_weight: of the difference in what the critic sees, beside 1 of its answers.
    penalty_weight: of its penalty. workers: processes that load the data, all of whose latents are
    then encoded beforehand; 0 = the one that trains loads it, and encodes what it needs.
    """

    channels: tuple[int, ...] = (16, 32, 64, 128, 256)
    layers: tuple[int, ...] = (0, 1, 2, 2, 2)
    critic_channels: tuple[int, ...] = (32, 64, 128, 192)
    size: int = 512
    crop: int = 6
    batch: int = 6
    steps: int = 6000
    rate: float = 5e-4
    critic_rate: float = 3e-4
    max_gradient: float = 5.0
    ema_decay: float = 0.995
    own: float = 0.5
    own_faces: int = 250
    noise: float = 0.35
    own_noise: float = 0.15
    judged_from: float = 0.1
    judge_share: float = 1.0
    feature_weight: float = 2.0
    penalty_weight: float = 0.05
    mixed_precision: str = "auto"
    seed: int = 0
    workers: int = 0


@dataclass(frozen=True)
class Stage:
    """Training at one image size.

    size: pixels. batch: faces a step and process. steps: of this stage. faces: at most so many of
    each folder's faces, since encoding 20 mask images a face takes time too.
    """

    size: int
    batch: int
    steps: int
    faces: int = 1_000_000


REGION_WEIGHTS = {
    "background": 0.4,
    "cloth": 0.5,
    "nose": 1.5,
    "eye_g": 2.0,
    "l_brow": 2.0,
    "r_brow": 2.0,
    "u_lip": 2.5,
    "l_lip": 2.5,
    "mouth": 3.0,
    "l_eye": 5.0,
    "r_eye": 5.0,
}
"""How much a pixel counts in the loss, by its region; 1 for the others. Backgrounds and clothes are
most of what differs between faces, eyes and mouths most of what people look at."""


@dataclass(frozen=True)
class ModelRecipe:
    """Shape of the embedded model.

    lora_rank: of the condition stream. text_length: T5 tokens.
    default_steps, default_guidance: of sampling.
    guided_from, guided_until: the highest and lowest t at which a model without an input for
        guidance is guided.
    edit_context: tokens around an edit that it sees, which squares in training are for.
    """

    width: int = 256
    head_dim: int = 64
    double_blocks: int = 3
    single_blocks: int = 6
    lora_rank: int = 16
    text_width: int = 128
    text_layers: int = 2
    text_length: int = 48
    default_steps: int = 8
    edit_context: int = 2
    default_guidance: float = 4.0
    guided_from: float = 0.97
    guided_until: float = 0.7


@dataclass(frozen=True)
class FlowRecipe:
    """Training by flow matching; the embedded model's numbers.

    matrix_rate: Muon's rate for the blocks' matrices; rate: AdamW's for all else but experts and
    gate, which have expert_rate.
    decay_share: share of the steps, at the end, over which the rates fall; 0 = they never change.
    max_gradient: norm to which gradients are clipped. ema_decay: of the averaged weights.
    t_mean, t_deviation: of the normal distribution whose sigmoid t is.
    drop_text, drop_region: probabilities of an empty prompt and of each local mask being black.
    drop_mask: probability that a step trains text alone, without a condition stream.
    bare: probability that a face with glasses shows the label map without them. painted: share of
    the faces whose label maps look painted (see ``facemogle.render.augment``).
    hidden: probability that a visit sees a label map from which regions were taken out.
    gate_weight: how much the gate's prior counts, see `facemogle.training.flow.gate_loss`.
    cropped: probability that a step sees a square of the images alone.
    guided: share of the visits that learn to be guided by the prompt, by a scale drawn from 1 to
    max_guidance, see `facemogle.training.flow.guidance_term`.
    region_weights: how much a pixel counts in the loss, by its region; 1 for those not named.
    workers: as `DecoderRecipe`'s.
    """

    stages: tuple[Stage, ...] = (Stage(128, 32, 1300), Stage(256, 16, 800, 1500))
    matrix_rate: float = 2e-3
    rate: float = 1e-3
    expert_rate: float = 2e-3
    decay_share: float = 0.4
    max_gradient: float = 1.0
    ema_decay: float = 0.998
    # More noise than the paper's N(0, 1): the first of few steps stands at t = 1, and colours are
    # decided there.
    t_mean: float = 0.4
    t_deviation: float = 1.2
    drop_text: float = 0.1
    drop_region: float = 0.1
    drop_mask: float = 0.1
    bare: float = 0.5
    painted: float = 0.25
    hidden: float = 0.3
    gate_weight: float = 0.03
    cropped: float = 0.3
    guided: float = 0.0
    max_guidance: float = 5.0
    region_weights: Mapping[str, float] = field(default_factory=lambda: REGION_WEIGHTS)
    mixed_precision: str = "auto"
    seed: int = 0
    workers: int = 0


@dataclass(frozen=True)
class FewSteps:
    """Distillation into fewer steps, see `facemogle.training.few_steps`.

    steps: of the student. substeps: of the teacher for each of them.
    text_scale, guided_from, guided_until: of the teacher's guidance by the prompt, as in sampling.
    mask_scale: of its guidance by the mask, v + mask_scale (v - v_without_mask).
    own: probability that a step starts from what the student's own steps before it have made.
    slower: factor on the embedded recipe's learning rates.
    """

    steps: int = 4
    substeps: int = 2
    text_scale: float = 4.0
    guided_from: float = 0.97
    guided_until: float = 0.7
    mask_scale: float = 0.6
    own: float = 0.5
    slower: float = 0.2


PAPER = FlowRecipe(
    stages=(Stage(512, 4, 27000),),
    decay_share=0.0,
    max_gradient=0.5,
    ema_decay=0.0,
    t_mean=0.0,
    t_deviation=1.0,
    drop_mask=0.0,
    bare=0.0,
    painted=0.0,
    hidden=0.0,
    gate_weight=0.0,
    cropped=0.0,
    region_weights={},
)
"""Face-MoGLE, section 4.1; without averaged weights. Its number of steps is ours."""


@dataclass(frozen=True)
class ParserRecipe:
    """One more stage than the published SegFormers, which begins at half of the resolution instead
    of a quarter: an eye or a lip is a few pixels high. widths: of its stages, in channels.
    stages: of training; the last one has the size at which the parser looks at images.
    matrix_rate: Muon's rate for the blocks' matrices; rate: AdamW's for all else.
    """

    widths: tuple[int, ...] = (12, 24, 48, 96, 160)
    depths: tuple[int, ...] = (1, 1, 2, 2, 2)
    heads: tuple[int, ...] = (1, 1, 2, 4, 5)
    reductions: tuple[int, ...] = (16, 8, 4, 2, 1)
    ratios: tuple[int, ...] = (2, 4, 4, 4, 4)
    head_channels: int = 40
    stages: tuple[Stage, ...] = (Stage(128, 16, 700), Stage(256, 8, 3000))
    matrix_rate: float = 2e-3
    rate: float = 1e-3
    ema_decay: float = 0.99
    mixed_precision: str = "auto"
    seed: int = 0


@dataclass(frozen=True)
class AttributeRecipe:
    """The attribute classifier's training from the parser's encoder; fields as `ParserRecipe`'s."""

    stages: tuple[Stage, ...] = (Stage(128, 16, 700), Stage(256, 8, 450))
    matrix_rate: float = 1e-3
    rate: float = 1e-3
    ema_decay: float = 0.99
    mixed_precision: str = "auto"
    seed: int = 0


@dataclass(frozen=True)
class TimedRecipe:
    """All parts of the embedded model in a given time, see `facemogle.training.timed`.

    shares: of the time, part by part in their order; what is missing to 1 is for starting and for
    writing the results.
    """

    shares: Mapping[str, float] = field(
        default_factory=lambda: {
            "vae": 0.10,
            "transformer": 0.52,
            "decoder": 0.17,
            "few-steps": 0.17,
        }
    )
    vae: VAERecipe = VAERecipe()
    flow: FlowRecipe = FlowRecipe()
    decoder: DecoderRecipe = DecoderRecipe()
    few: FewSteps = FewSteps()


LARGE_GPU = TimedRecipe(
    vae=VAERecipe(batch=128, learning_rate=2e-3),
    flow=FlowRecipe(stages=(Stage(128, 512, 1), Stage(256, 256, 3))),
    decoder=DecoderRecipe(batch=64, own_faces=100),
)
"""For a GPU that small batches leave idle. Not measured yet: no such GPU was at hand."""
