"""What of a prompt does not reach the model, in sentences for the person who wrote it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from facemogle.masks.regions import REGIONS
from facemogle.prompts.reading import LEAST_WEIGHT, MOST_WEIGHT, PromptReading, Span, Unknown
from facemogle.prompts.regions import painted_words

_LISTED = 8
_LONGEST = 40


def prompt_notes(reading: PromptReading) -> list[str]:
    """Sentences about unknown and omitted words, and limited weights; [] = all is read as it is."""
    notes = []
    if reading.unknown:
        notes.append(f"Omitted, as they mean nothing to this model: {_listed(reading.unknown)}.")
        if not reading.text:
            notes.append("Nothing of the prompt is left; the image is made without one.")
    if reading.omitted:
        notes.append(
            f"The prompt has {reading.num_tokens} tokens and this model reads {reading.limit}, so "
            f"its end was omitted: {_listed(reading.omitted)}. Shorten the prompt."
        )
    limited = [one for one in reading.weights if one.asked != one.weight]
    if limited:
        notes.append(
            f"Weights go from {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}; nearest to what was asked, "
            + ", ".join(f"{_quoted(one)} got {one.weight:g}" for one in limited[:_LISTED])
            + "."
        )
    return notes


def paint_notes(prompt: str, reading: PromptReading, shown: Collection[int]) -> list[str]:
    """A sentence for each of a prompt's words that the mask decides, and that it does not show.

    shown: the regions that the mask has, 0..18.
    """
    return [
        f"{_quoted(span)} is decided by the mask, which has no {REGIONS[span.region].title.lower()}"
        ": paint it there."
        for span in painted_words(prompt, reading.unknown)
        if span.region not in shown
    ]


def _listed(spans: Sequence[Span]) -> str:
    shown = [_quoted(span) for span in spans[:_LISTED]]
    more = len(spans) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _quoted(span: Span) -> str:
    """The words on one line, with what the model knows instead."""
    text = " ".join(span.text.split())
    text = f'"{text}"' if len(text) <= _LONGEST else f'"{text[:_LONGEST]}..."'
    if isinstance(span, Unknown) and span.suggestions:
        known = " and ".join(f'"{one}"' for one in span.suggestions)
        text += f" (it knows {known})"
    return text
