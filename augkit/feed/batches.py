"""Batches by number: which sources, drawn how, rendered, mixed.  Pure; knows no Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augkit.draw import Draws, draw
from augkit.feed.course import Course, Recent, Rows
from augkit.feed.mixing import mixed, one_hot
from augkit.feed.windows import windows
from augkit.render import reductions, render, render_batch
from augkit.transform import undone

if TYPE_CHECKING:
    from augkit.feed.held import Held
    from augkit.plan import Plan

Batch = tuple[Any, NDArray[Any]]
"""Pictures, uint8 N×H×W×C, and labels: int64 (N,), or float32 (N, classes) with rows of sum 1.

With windows, (pictures, windows) stands where the pictures stand.
"""

_DRAWN_AT_ONCE = 2048
"""Pictures; drawing costs much by the call and little by the picture."""


class Batches:
    """Make batches by number, through all epochs: a pure function, for several threads.

    Args:
        plan:      what is drawn.
        held:      the sources.
        labels:    int64 (N,), theirs.
        course:    which of them is shown when.
        augmented: whether the plan is carried out; else pictures are only brought to their size.
        soft:      whether labels are shares of the classes.
        windowed:  whether pictures come with their windows (`feed.windows`).
        part:      which part of each batch is made, and of how many.
    """

    def __init__(
        self,
        plan: Plan,
        held: Held,
        labels: NDArray[np.int64],
        course: Course,
        *,
        augmented: bool,
        soft: bool,
        windowed: bool = False,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.plan, self.held, self.labels, self.course = plan, held, labels, course
        self.augmented, self.soft, self.windowed, self.part = augmented, soft, windowed, part
        self._block = max(1, _DRAWN_AT_ONCE // course.batch)  # batches
        self._blocks: Recent[Draws] = Recent(self._drawn, 3)

    def __reduce__(self) -> tuple[object, ...]:
        how = self.augmented, self.soft, self.windowed, self.part
        return _batches, (self.plan, self.held, self.labels, self.course, *how)

    def __getitem__(self, number: int) -> Batch:
        epoch, index = divmod(number, len(self.course))
        rows, copies = self.shown(epoch, index)
        if self.held.pictures is None:
            draws, pictures = self._read(rows, copies)
        else:
            draws = self._of_block(epoch, index)
            pictures = render_batch(self.held.pictures[rows], draws)
        labels: NDArray[Any] = draws.labels
        if self.soft:
            shares = one_hot(draws.labels, len(self.plan.classes))
            words = self.course.words[rows]
            pictures, shares = mixed(pictures, shares, draws, words, copies, self.plan.seed)
            labels = shares.astype(np.float32)
        return ((pictures, windows(draws)) if self.windowed else pictures), labels

    def shown(self, epoch: int, index: int) -> tuple[Rows, Rows]:
        """Return the rows of our part of a batch, and the number of the copy of each, int64 (n,) twice."""
        rows, copies = self.course.between(epoch, index, index + 1)
        mine = self._mine(len(rows))
        return rows[mine], copies[mine]

    def _mine(self, count: int) -> slice:
        number, of = self.part
        return slice(count * number // of, count * (number + 1) // of)

    def _of_block(self, epoch: int, index: int) -> Draws:
        """Return the draws of a batch whose sources are decoded, drawn together with those around it."""
        blocks = -(-len(self.course) // self._block)
        first, count = index % self._block * self.course.batch, self.course.count(index)
        rows = np.arange(first, first + count)[self._mine(count)]
        return self._blocks[epoch * blocks + index // self._block].take(rows)

    def _drawn(self, number: int) -> Draws:
        """Draw for a block of batches."""
        epoch, block = divmod(number, -(-len(self.course) // self._block))
        first = block * self._block
        rows, copies = self.course.between(epoch, first, min(first + self._block, len(self.course)))
        assert self.held.pictures is not None
        height, width = self.held.pictures.shape[1:3]
        return self._draw(rows, copies, np.tile(np.array([width, height], dtype=np.int64), (len(rows), 1)))

    def _draw(self, rows: Rows, copies: Rows, sizes: NDArray[np.int64]) -> Draws:
        words, labels = self.course.words[rows], self.labels[rows]
        if self.augmented:
            draws = self.plan.draw(words, labels, copies, sizes)
            return undone(draws, ~draws.accepted)
        aspects = sizes[:, 0] / sizes[:, 1]
        draws = draw(self.plan.policy, words, copies, seed=self.plan.seed, aspects=aspects, labels=labels)
        return undone(draws, np.ones(len(rows), dtype=np.bool_))

    def _read(self, rows: Rows, copies: Rows) -> tuple[Draws, NDArray[np.uint8]]:
        """Decode the sources of a batch and render them, one after the other: each while it is in cache."""
        held, places = self.held, rows.tolist()
        data = held.encoded(places)
        headers = [held.header(one, row) for one, row in zip(data, places, strict=True)]
        sizes = np.array([header.upright for header in headers], dtype=np.int64)
        draws = self._draw(rows, copies, sizes)
        smaller = reductions(draws, sizes).tolist()
        out = np.empty((len(rows), *held.shape), dtype=np.uint8)
        for i, (one, row, header) in enumerate(zip(data, places, headers, strict=True)):
            by = smaller[i] if header.reducible else 1
            picture = held.decode(one, row, by=by, header=header)
            out[i] = render(picture, draws, i, size=header.upright, by=by)
        return draws, out


def _batches(
    plan: Plan,
    held: Held,
    labels: NDArray[np.int64],
    course: Course,
    augmented: bool,
    soft: bool,
    windowed: bool,
    part: tuple[int, int],
) -> Batches:
    return Batches(plan, held, labels, course, augmented=augmented, soft=soft, windowed=windowed, part=part)
