"""What is to be made, and one shard of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from augkit.draw import draw
from augkit.store import copies
from augkit.store.formats import FORMATS, Format

if TYPE_CHECKING:
    from augkit.plan import Plan
    from augkit.store.cutting import Sources

SHARD_SIZE = 256  # sources; what a kill can cost
PATIENCE = 300  # seconds; no honest picture takes so long, and no slow machine changes what is made


@dataclasses.dataclass(frozen=True)
class Shard:
    """Hold some sources of one split.

    Attributes:
        number: among all shards.
        split:  the split.
        place:  its number within the split, and `of` how many shards the split has.
        keys, stems, labels: source keys, file names, and indices into the classes.
        copies: int64, how many copies each source gets.
        images: encoded bytes, or paths.
    """

    number: int
    split: str
    place: int
    of: int
    keys: tuple[str, ...]
    stems: tuple[str, ...]
    labels: NDArray[np.int64]
    copies: NDArray[np.int64]
    images: tuple[bytes | str, ...]

    def __str__(self) -> str:
        return f"shard {self.number} ({self.split}, from {self.keys[0]!r} to {self.keys[-1]!r})"


@dataclasses.dataclass(frozen=True)
class Job:
    """Hold what every shard needs to know; it is pickled once for each worker.

    Attributes:
        out:       the output folder.
        tmp:       where files are written before they are moved into place, on the same file system.
        plan:      what is drawn; None to store the sources alone.
        classes:   class names in label order, and `folders`, where each class lies.
        augmented: the splits that get copies.
        format:    image format of whatever is encoded, such as "png" or "jpeg:95".
        again:     whether files of an earlier attempt may lie at their final names.
        layout:    how pictures are kept, a name in `formats.FORMATS`.
        drawn:     the names of the drawn values.
        patience:  how long one source may take in a worker, in seconds, before it is given up.
        token:     the name of the file in `tmp` by which the run knows its folder again (see `ground`).
    """

    out: str
    tmp: str
    plan: Plan | None
    classes: tuple[str, ...]
    folders: tuple[str, ...]
    augmented: tuple[str, ...]
    format: str
    again: bool
    layout: str = "folder"
    drawn: tuple[str, ...] = ()
    patience: int = PATIENCE
    token: str = ""

    def __post_init__(self) -> None:
        """Refuse plans that mix pictures."""
        if self.plan is not None:
            self.plan.must_not_blend("and a file has one label")

    @property
    def keep_originals(self) -> bool:
        """Tell whether augmented splits hold their sources too."""
        return self.plan is None or self.plan.keep_originals

    @property
    def kept(self) -> Format:
        """Return the format in which pictures are kept."""
        return FORMATS[self.layout]

    def originals(self, split: str) -> bool:
        """Tell whether the sources of a split are kept."""
        return self.keep_originals or split not in self.augmented

    def copies(self, sources: Sources, split: str) -> NDArray[np.int64]:
        """Return how many copies each source of a split gets, int64 (N,)."""
        labels = sources.labels[split]
        if self.plan is None or split not in self.augmented:
            return np.zeros(len(labels), dtype=np.int64)
        return copies.of_each(self.plan, labels, sources.every_key(split))

    def pictures(self, sources: Sources, split: str) -> NDArray[np.int64]:
        """Return how many pictures come of each source of a split, when none is bad or dropped: (N,)."""
        return self.copies(sources, split) + (1 if self.originals(split) else 0)


def drawn_by(plan: Plan) -> tuple[str, ...]:
    """Return the names of the values that a plan draws."""
    nothing = np.empty(0, dtype=np.uint64)
    return tuple(draw(plan.policy, nothing, [], seed=0, aspects=np.empty(0)).values)
