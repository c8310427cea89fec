"""What is shown: pictures of a data set, the copies that a policy makes of them, and what each is worth."""

from __future__ import annotations

import base64
import dataclasses
import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit import codec, keys
from augkit.draw import Draws
from augkit.errors import PictureError, SourceError, UsageError
from augkit.policy import Policy
from augkit.render import render
from augkit.safety import OF_DRAWS, Finding, draw_guarded, drawn_in_words, found_in
from augkit.sources import records
from augkit.studio.marks import example
from augkit.tasks import Task

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

Picture = NDArray[np.uint8]

MOST = 48
_BATCHES = 2  # of sources that are looked through for unsafe copies
_SIDE = 256  # pixels: sources are made no larger than this before they are changed, for the grid
_SHOWN = 160  # pixels: the longer side of a picture of the grid
_KEPT = 128
_ORDER = ("unsafe", "unproven", "dropped", "safe")


@dataclasses.dataclass(frozen=True)
class Asked:
    """Say which pictures to show.

    Attributes:
        seed:   of every random decision, 0 to 2**64 - 1.
        rows:   how many sources.
        copies: how many copies of each; `rows` times `copies` is at most `MOST`.
        only:   whether copies that are safe are left out.
        of:     the class of the sources; any where it is empty.
    """

    seed: int = 0
    rows: int = 6
    copies: int = 4
    only: bool = False
    of: str = ""

    @classmethod
    def read(cls, plain: dict[str, Any]) -> Asked:
        """Read it from plain data that nobody vouches for; raises UsageError."""
        known = {field.name: field for field in dataclasses.fields(cls)}
        given = {name: value for name, value in plain.items() if name in known}
        for name, value in given.items():
            if type(value) is not type(known[name].default):
                raise UsageError(f"{name}: got a {type(value).__name__}")
        asked = cls(**given)
        if not 0 <= asked.seed < 2**64:
            raise UsageError(f"got a seed of {asked.seed}, want 0 to 2**64 - 1", where="seed")
        if min(asked.rows, asked.copies) < 1 or asked.rows * asked.copies > MOST:
            raise UsageError(f"got {asked.rows}×{asked.copies} pictures, want 1 to {MOST}")
        return asked


@dataclasses.dataclass(frozen=True, eq=False)
class Original:
    """Hold a source: its key, its class as an index, its picture and width over height of the file's."""

    key: str
    label: int
    picture: Picture
    aspect: float


class Samples:
    """Hand out the pictures of a data set; they are asked for by key, and no other file is ever opened."""

    def __init__(self, data: DatasetDict) -> None:
        self._data = data
        self.classes = records.class_names(data)
        self._decoded = functools.lru_cache(maxsize=_KEPT)(self._small)

    def part(self, policy: Policy) -> str:
        """Return the split that a policy augments, or the first there is."""
        wanted = [split for split in policy.splits if split in self._data]
        return wanted[0] if wanted else str(next(iter(self._data)))

    def in_turn(self, part: str, seed: int, of: str) -> Iterator[Original]:
        """Yield sources by a keyed shuffle, the classes in turn; what cannot be read is passed over."""
        for index in self._order(part, seed, of):
            try:
                yield self._decoded(part, index)
            except (PictureError, OSError):  # `generate` quarantines it
                continue

    def whole(self, part: str, key: str) -> Original:
        """Return one source at its own size; UsageError where the data have no such key."""
        index = self._places(part).get(key)
        if index is None:
            raise UsageError("the data have no picture of this name", where="key")
        return self._read(part, index)

    @functools.lru_cache(maxsize=8)  # noqa: B019 one desk lives as long as the program
    def _order(self, part: str, seed: int, of: str) -> list[int]:
        known = self.classes.index(of) if of in self.classes else -1
        return records.in_turn(self._data[part], seed, of=known if of else None)

    @functools.lru_cache(maxsize=4)  # noqa: B019
    def _places(self, part: str) -> dict[str, int]:
        return {key: index for index, key in enumerate(records.keys(self._data[part]))}

    def _read(self, part: str, index: int) -> Original:
        row = self._rows(part)[index]
        picture = codec.decode(records.content(row["image"]), name=row["key"])
        return Original(row["key"], int(row["label"]), picture, picture.shape[1] / picture.shape[0])

    def _rows(self, part: str) -> Dataset:
        return self._data[part].with_format(None)

    def _small(self, part: str, index: int) -> Original:
        found = self._read(part, index)
        return dataclasses.replace(found, picture=fitted(found.picture, _SIDE))


def look(samples: Samples, policy: Policy, task: Task, asked: Asked) -> list[dict[str, Any]]:
    """Return rows of a source and its copies, the worst first, as plain data with pictures in it.

    Raises:
        SourceError: no picture can be read.
    """
    sources = samples.in_turn(samples.part(policy), asked.seed, asked.of)
    rows: list[dict[str, Any]] = []
    seen = False
    for _ in range(_BATCHES if asked.only else 1):
        some = [one for one, _ in zip(sources, range(asked.rows), strict=False)]
        seen = seen or bool(some)
        rows += _rows(samples.classes, policy, task, some, asked)
        if len(rows) >= asked.rows or not some:
            break
    if not seen:
        raise SourceError("none of the pictures can be read")
    return sorted(rows, key=lambda row: _ORDER.index(row["copies"][0]["state"]))[: asked.rows]


def _rows(
    classes: tuple[str, ...], policy: Policy, task: Task, some: list[Original], asked: Asked
) -> Iterator[dict[str, Any]]:
    if not some:
        return
    drawn = draws(policy, task, classes, some, asked)
    allowed, each = dict(policy.allow), found_in(drawn, task, classes, OF_DRAWS)
    for place, source in enumerate(some):
        copies = []
        for number in range(asked.copies):
            i = place * asked.copies + number
            said = verdict(drawn, i, classes, each[i], allowed)
            if not asked.only or said["state"] in ("unsafe", "unproven"):
                copies.append((i, {"copy": number + 1, **said}))
        copies.sort(key=lambda copy: (_ORDER.index(copy[1]["state"]), -len(copy[1]["found"])))
        if copies:
            shape = [source.picture.shape[1], source.picture.shape[0]]
            yield {
                "key": source.key,
                "label": classes[source.label],
                "size": shape,
                "image": address(source.picture),
                "copies": [said | {"image": address(render(source.picture, drawn, i))} for i, said in copies],
            }


def draws(policy: Policy, task: Task, classes: tuple[str, ...], some: list[Original], asked: Asked) -> Draws:
    """Make the draws that `generate` makes of some sources, safe or not."""
    names = np.repeat(keys.words([one.key for one in some]), asked.copies)
    labels = np.repeat(np.array([one.label for one in some], dtype=np.int64), asked.copies)
    aspects = np.repeat(np.array([one.aspect for one in some]), asked.copies)
    copies = np.tile(np.arange(1, asked.copies + 1), len(some))
    return draw_guarded(policy, task, classes, names, labels, copies, aspects, asked.seed)


def verdict(
    drawn: Draws, i: int, classes: tuple[str, ...], found: tuple[Finding, ...], allowed: dict[str, str]
) -> dict[str, Any]:
    """Return what one copy is worth, as plain data: state, rules, a sentence, and what was drawn."""
    open_ = [one for one in found if one.code not in allowed]
    before, after = classes[int(drawn.label_before[i])], classes[int(drawn.labels[i])]
    state = "safe"
    sentence = f"{before} survives this"
    if not drawn.accepted[i]:
        state, sentence = "dropped", f"no try was one that {before} survives, so nothing is written"
    elif open_:
        state, sentence = open_[0].state, open_[0].problem
    elif found:
        sentence = f"allowed ({allowed[found[0].code]}): {found[0].problem}"
    elif after != before:
        sentence = f"a {before} that reads {after}, and is written down as {after}"
    return {
        "state": state,
        "becomes": after if after != before else "",
        "sentence": sentence,
        "drawn": drawn_in_words(drawn, i, short=True),
        "found": [
            {
                "code": one.code, "name": one.name, "state": one.state, "problem": one.problem,
                "fix": one.fix, "example": example(one), "allowed": allowed.get(one.code, ""),
            }
            for one in [*open_, *(one for one in found if one.code in allowed)]
        ],
    }  # fmt: skip


def fitted(picture: Picture, side: int) -> Picture:
    """Return a picture whose longer side has at most so many pixels, averaged."""
    height, width = picture.shape[:2]
    by = side / max(height, width)
    if by >= 1:
        return picture
    size = (max(1, round(width * by)), max(1, round(height * by)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8).reshape(size[1], size[0], picture.shape[2])


def address(picture: Picture, side: int = _SHOWN) -> str:
    """Return a picture as a `data:` address: PNG where it is small, else a JPEG of at most `side`."""
    small = fitted(picture, side)
    kind, form = ("png", "png") if max(small.shape[:2]) <= 96 else ("jpeg", "jpeg:90")
    return f"data:image/{kind};base64,{base64.b64encode(codec.encode(small, form)).decode()}"
