"""A prompt in any dress -> the words of it that a model with a small vocabulary knows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile, zip_longest
from unicodedata import normalize

from facemogle.prompts.vocabulary import JOINING, LEANING, LINKS, Vocabulary
from facemogle.prompts.weighting import Letters

_LATIN = "A-Za-z0-9À-ɏ"
_TOKEN = (
    re.compile(  # \u2010 and \u2011 are hyphens, \u2019 an apostrophe, \u2013 and \u2014 dashes
        rf"(?P<word>[{_LATIN}]+(?:[-\u2010\u2011'\u2019][{_LATIN}]+)*|(?:(?![{_LATIN}])[^\W_])+)"
        r"|(?P<end>[.!?。]+(?!\w))|(?P<comma>[,;:|、\u2013\u2014-])|(?P<line>[\r\n])"
    )
)
_LEADS = {"of", "with", "in", "to", "and"}
_DENYING = {"no", "not", "without", "never", "neither", "nor"}


@dataclass(frozen=True)
class Piece:
    """A stretch of the text that a model reads, and where it stands in the prompt.

    start, end: in the prompt. weight: as asked for. is_word: else it joins words.
    """

    text: str
    start: int
    end: int
    weight: float
    is_word: bool = True


@dataclass
class _Word:
    """text: in lower case. start, end: in the prompt. forms: as the model knows it; () = omitted.

    is_missed: whether that is worth telling.
    """

    text: str
    start: int
    end: int
    forms: tuple[str, ...]
    weight: float
    is_missed: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_missed = not self.forms

    @property
    def leans(self) -> bool:
        return bool(self.forms) and self.forms[-1] in LEANING

    def leave_out(self) -> None:
        self.is_missed |= self.forms[-1] not in JOINING
        self.forms = ()


@dataclass
class _Segment:
    """Words up to a mark: a comma, a full stop, or "" for a line's end."""

    words: list[_Word]
    mark: str


def known_pieces(
    letters: Letters, vocabulary: Vocabulary
) -> tuple[list[Piece], list[tuple[int, int]]]:
    """What the model is to read, and where in the prompt the words stand that it misses.

    Unknown words, and known ones that meant something only with these: "red" of "red dress".
    """
    segments = _segments(letters, vocabulary)
    for segment in segments:
        _leave_out_denied(segment.words)
        _leave_out_dangling(segment.words)
    words = [word for segment in segments for word in segment.words]
    return _joined(segments, vocabulary), [(w.start, w.end) for w in words if w.is_missed]


def _segments(letters: Letters, vocabulary: Vocabulary) -> list[_Segment]:
    segments = [_Segment([], "")]
    text = _narrow(letters.text)
    last: re.Match[str] | None = None
    for match in _TOKEN.finditer(text):
        if match["word"] is None:
            segments[-1].mark = "." if match["end"] else "," if match["comma"] else ""
            segments.append(_Segment([], ""))
            last = None
            continue
        word = _Word(
            match["word"].lower(),
            letters.places[match.start()],
            letters.places[match.end() - 1] + 1,
            vocabulary.forms(match["word"]),
            letters.weights[match.start()],
        )
        words = segments[-1].words
        if last and text[last.end() : match.start()] == " ":
            _join(words[-1], word, vocabulary)
        words.append(word)
        last = match
    return segments


def _join(first: _Word, second: _Word, vocabulary: Vocabulary) -> None:
    """Read "sun glasses" as one word, unless both are known by themselves."""
    if not (first.forms and second.forms) and len(first.text) > 1:
        forms = vocabulary.forms(first.text + second.text)
        if forms:
            first.forms, second.forms = (), forms
            second.start, first.is_missed, second.is_missed = first.start, False, False


def _narrow(text: str) -> str:
    """Full-width letters and the like as usual ones, each in its place."""
    found = (normalize("NFKC", letter) for letter in text)
    return "".join(new if len(new) == 1 else old for old, new in zip(text, found, strict=True))


def _leave_out_denied(words: Sequence[_Word]) -> None:
    """Leave out what a word denies that the model does not know: "no beard" would be a beard."""
    is_denied = is_first = False
    for word in words:
        if not word.forms and (word.text in _DENYING or word.text.endswith(("n't", "n\u2019t"))):
            is_denied = is_first = True
        elif word.forms:
            is_denied &= is_first or word.forms[0] not in LINKS
            if is_denied:
                is_first = word.forms[0] in JOINING
                word.leave_out()


def _leave_out_dangling(words: Sequence[_Word]) -> None:
    """Leave out what only led to unknown words: "in a red" of "in a red dress".

    And a scene's light, which is no face's: "white light".
    """
    is_light = len(words) > 1 and words[-1].text == "light" and words[-1].forms
    if is_light and (any(not one.forms for one in words) or all(one.leans for one in words)):
        for word in takewhile(lambda word: word.leans, reversed(words)):
            word.leave_out()
    after, is_gap = None, False
    for word in reversed(words):
        if is_gap and word.leans and (after is None or after.forms[0] in LINKS):
            word.leave_out()
        if word.forms:
            after, is_gap = word, False
        else:
            is_gap = True
    if words and not words[0].forms:
        known = [word for word in words if word.forms]
        for word, following in zip_longest(known, known[1:]):
            is_end = following is None or following.forms[0] in LINKS
            if word.forms[0] not in _LEADS and not (word.leans and is_end):
                break
            word.leave_out()


def _joined(segments: Sequence[_Segment], vocabulary: Vocabulary) -> list[Piece]:
    """Words with one space between them, and the marks that are still needed."""
    pieces: list[Piece] = []
    mark = ending = ""
    for segment in segments:
        for word in segment.words:
            for form in word.forms:
                if not pieces or mark == ".":
                    form = vocabulary.opening(form)
                if pieces:
                    weight = pieces[-1].weight if pieces[-1].weight == word.weight else 1.0
                    pieces.append(Piece(f"{mark} ", word.start, word.start, weight, is_word=False))
                pieces.append(Piece(form, word.start, word.end, word.weight))
                mark = ending = ""
        if segment.words:
            ending = segment.mark if segment.words[-1].forms else ""
        mark = max(mark, segment.mark, key=["", ",", "."].index)
    if pieces and ending == ".":
        pieces.append(Piece(ending, pieces[-1].end, pieces[-1].end, 1.0, is_word=False))
    return pieces
