"""All measurements of one model in a row, each on what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from facemogle.evaluation.chips import alone, chips, plain_faces
from facemogle.evaluation.consistency import consistency
from facemogle.evaluation.cost import cost
from facemogle.evaluation.detail import detail
from facemogle.evaluation.detector import Detector
from facemogle.evaluation.edits import edits
from facemogle.evaluation.external import Metric, external_section
from facemogle.evaluation.faces import HeldOut
from facemogle.evaluation.gallery import Gallery
from facemogle.evaluation.gate import GateLog
from facemogle.evaluation.judge import outside_judge
from facemogle.evaluation.leaks import leaks
from facemogle.evaluation.pairs import PAIRS, Pairs
from facemogle.evaluation.paraphrases import NINE, asked, paraphrase
from facemogle.evaluation.prompts import (
    nine_prompts,
    readable,
    told_attributes,
    unasked_attributes,
)
from facemogle.evaluation.reader import Reader, Seen
from facemogle.evaluation.realism import realism
from facemogle.evaluation.report import Section
from facemogle.evaluation.robustness import robustness
from facemogle.evaluation.sheets import face_sheet, prompt_sheet
from facemogle.evaluation.steering import GROUPS, heard, muted, steered, weighed
from facemogle.gate.trace import Trace
from facemogle.prompts.words import known_words
from facemogle.runs.denoising import Step

BATCH = 16
ON_THE_SHEET = 24
MASKS_OF_NINE = 4
MASKS_OF_PHRASES = 3
STEERED = 6
"""Faces whose experts are steered, each of them many times."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """What all parts need.

    few: faces of the parts that are not about all of them. reference: other renders, to compare
    with, or None. masks: files of real label maps, perhaps none. folders: of the model's files.
    """

    held: HeldOut
    gallery: Gallery
    reader: Reader
    out: Path
    few: Sequence[int]
    reference: HeldOut | None
    masks: Sequence[Path]
    folders: Sequence[Path]
    metrics: Sequence[Metric] = ()
    detectors: Sequence[Detector] = ()

    def sections(self) -> Iterator[Section]:
        """The parts of the table, one after the other; sheets go to ``out`` meanwhile."""
        real, made = self._all_faces()
        pairs = Pairs(self.out, min(PAIRS, len(self.held)), self.gallery.seed)
        pairs.write(self.held.faces.image, self._face)
        yield from filter(None, [pairs.section()])
        yield consistency(made.matrix, real.matrix)
        if self.held.rows is not None:
            yield from self._prompts(real.classes, made.classes)
        other = None if self.reference is None else self._features(self.reference)
        yield realism(made.features, real.features, other)
        if made.fine.size:
            yield detail(made.fine, real.fine)
        yield outside_judge(made.meshes, real.meshes)
        if self.metrics or self.detectors:
            yield external_section(self.metrics, self.detectors)
        log, names = GateLog(self._gate_file), self.held.faces.ids
        parts = (log.readable(names), log.experts(names), log.section(names))
        yield from filter(None, parts)
        yield from self._steered()
        yield edits(self.held, self.few, self.gallery, self.reader.parser)
        yield robustness(self.held, self.few, self.gallery, self.reader.parser, self.masks)
        yield cost(self.gallery, self.held, self.few, self.folders)

    @property
    def _gate_file(self) -> Path:
        return self.gallery.folder / "gate.jsonl"

    def _all_faces(self) -> tuple[Seen, Seen]:
        """Readings of the renders, and of an image for every mask and caption."""
        real, made = [], []
        count = len(self.held)
        with tqdm(total=count, desc="faces", unit="face") as bar:
            for some in _batches(count):
                generated = []
                for n in some:
                    generated.append(self._face(int(n)))
                    bar.update()
                renders, label_maps = self.held.batch(some)
                real.append(self.reader.see(renders, label_maps))
                made.append(self.reader.see(np.stack(generated), label_maps))
                self._show_others(np.stack(generated), renders, some)
        joined = Seen.joined(real), Seen.joined(made)
        shown = self.held.few(ON_THE_SHEET)
        generated = [self._face(n) for n in shown]
        sheet = face_sheet(self.held, shown, generated, joined[1].classes[shown])
        sheet.save(self.out / "sheet.jpg", quality=90)
        return joined

    def _show_others(self, made: np.ndarray, real: np.ndarray, numbers: np.ndarray) -> None:
        prompts = [self.held.caption(int(n)) for n in numbers]
        for metric in self.metrics:
            metric.add(made, real, prompts)
        for detector in self.detectors:
            detector.add(made, real)

    def _features(self, other: HeldOut) -> np.ndarray:
        """Of another folder's renders, float32 (n, channels)."""
        batches = tqdm(_batches(len(other)), desc="other renders")
        return np.concatenate([self.reader.features(other.batch(some)[0]) for some in batches])

    def _face(self, n: int) -> np.ndarray:
        """The image of a face, uint8 (H, W, 3); what its gate weighed is logged."""
        name, label_map = self.held.faces.ids[n], self.held.faces.label_map(n)
        prompt, pipeline = self.held.caption(n), self.gallery.pipeline

        def log(done: list[Step]) -> None:
            trace = Trace.from_steps(done, pipeline.grid_of(*label_map.shape))
            GateLog(self._gate_file).add(name, trace, label_map)

        return self.gallery.face(f"faces/{name}", prompt, label_map, log)

    def _prompts(self, real: np.ndarray, made: np.ndarray) -> Iterator[Section]:
        truth, told = self.held.classes(), self.held.told()
        counts = readable(real, truth)
        yield told_attributes("prompt attributes", made, real, truth, told, counts)
        yield unasked_attributes(made, real, truth, told)
        yield self._paraphrased(real[self.few], truth[self.few], counts)
        yield self._nine(counts)
        yield self._phrases()
        classifier = self.reader.classifier
        yield leaks(self.held, self.few, self.gallery, classifier, made, real)

    def _paraphrased(self, real: np.ndarray, truth: np.ndarray, counts: np.ndarray) -> Section:
        assert self.held.rows is not None
        readings, told = [], []
        for n in tqdm(self.few, desc="other words"):
            prompt, tells = paraphrase(self.held.rows[n])
            name, label_map = self.held.faces.ids[n], self.held.faces.label_map(n)
            image = self.gallery.image(f"paraphrased/{name}", prompt, label_map)
            readings.append(self.reader.classifier.read(image[None])[0])
            told.append(tells)
        title = "prompts in other words than training's"
        return told_attributes(title, np.array(readings), real, truth, np.array(told), counts)

    def _nine(self, counts: np.ndarray) -> Section:
        """Nine prompts on a mask: what is asked for differs from the mask's own face."""
        readings, rows = [], []
        for n in tqdm(self.few[:MASKS_OF_NINE], desc="nine prompts a mask"):
            name, label_map = self.held.faces.ids[n], self.held.faces.label_map(n)
            generated = [
                self.gallery.image(f"nine/{turn}/{name}", prompt, label_map)
                for turn, (prompt, _) in enumerate(NINE)
            ]
            rows.append((label_map, generated))
            readings.append(self.reader.classifier.read(np.stack(generated)))
        prompt_sheet([p for p, _ in NINE], rows).save(self.out / "prompts.jpg", quality=90)
        wanted = np.array([asked(prompt, more) for prompt, more in NINE])
        return nine_prompts(np.array(readings), wanted, counts)

    def _phrases(self) -> Section:
        """Each phrase that the page offers for this model, alone on some masks."""
        known = known_words(self.gallery.pipeline.tokenizer_2)
        phrases = [text for kind, texts in known.items() if kind != "people" for text in texts]
        numbers = plain_faces(self.held, range(len(self.held)), MASKS_OF_PHRASES)
        section = chips(phrases, self.held, numbers, self.gallery, self.reader.classifier)
        shown = ["", *phrases]
        rows = [
            (self.held.faces.label_map(n), [alone(p, self.held, n, self.gallery) for p in shown])
            for n in numbers
        ]
        prompt_sheet(shown, rows).save(self.out / "phrases.jpg", quality=90)
        return section

    def _steered(self) -> Iterator[Section]:
        numbers = self.few[:STEERED]
        found = heard(self.held, numbers, self.gallery)
        ways, rows = list[str](), []
        for group in GROUPS:
            images = steered(self.held, numbers[0], group, self.gallery)
            ways = list(images)
            rows.append((self.held.faces.label_map(numbers[0]), list(images.values())))
        prompt_sheet(ways, rows).save(self.out / "experts.jpg", quality=90)
        yield muted(found)
        yield weighed(found)


def _batches(count: int) -> list[np.ndarray]:
    """The numbers 0 to count - 1 in parts of about BATCH."""
    return np.array_split(np.arange(count), -(-count // BATCH))
