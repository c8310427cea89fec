"""What the pixels of a data set are like: mean and spread of each channel, how colours vary, sizes, classes.

Pictures are read one by one and forgotten; what is kept are sums in whole numbers, so that the result is
exact and the same in any order.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augkit import codec
from augkit.errors import PictureError, SourceError, UsageError
from augkit.sources import records
from augkit.sources.progress import bar

if TYPE_CHECKING:
    from datasets import DatasetDict

Floats = NDArray[np.float64]

_AT_ONCE = 1 << 16  # pixels of one picture that are floats at one time
_FULL = 255
_NAMED = 20  # classes that the text names one by one; of more, the smallest and the largest
_DIGITS = 6


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Hold what the pictures of some splits are like.

    Every pixel counts alike, so that a large picture counts for more; a grey picture among coloured ones has
    three equal channels.  Levels are on [0, 1].

    Attributes:
        splits:  the splits that were read.
        classes: how many pictures each class has, in the order of the labels; unreadable ones are left out.
        grey:    how many pictures have one channel.
        sizes:   how many pictures have each width and height.
        mean:    of each channel: red, green and blue, or one number where all pictures are grey.
        std:     standard deviation of each channel over all pixels (divided by their number).
        covariance: of red, green and blue over all pixels, 3×3, row by row; empty where all are grey.
        bad:     keys and reasons of the pictures that cannot be read.
    """

    splits: tuple[str, ...]
    classes: dict[str, int]
    grey: int
    sizes: dict[tuple[int, int], int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    covariance: tuple[float, ...]
    bad: tuple[tuple[str, str], ...]

    @property
    def pictures(self) -> int:
        """Return how many pictures were read."""
        return sum(self.classes.values())

    def principal(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return how colours vary, as settings of the op `pca_colour`.

        Returns:
            The eigenvalues of the covariance, the largest first; and the eigenvectors, of length 1, a column
            for each, row by row (red's three, green's, blue's), each with a sum that is not negative.  Both
            are empty where all pictures are grey.
        """
        if not self.covariance:
            return (), ()
        values, vectors = np.linalg.eigh(np.reshape(self.covariance, (3, 3)))
        values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
        vectors = vectors * np.where(vectors.sum(axis=0) < 0, -1.0, 1.0)
        return tuple(values.tolist()), tuple(vectors.ravel().tolist())

    def canonical(self) -> dict[str, Any]:
        """Return everything as plain data."""
        values, vectors = self.principal()
        return {
            "splits": list(self.splits),
            "pictures": self.pictures,
            "grey": self.grey,
            "mean": list(self.mean),
            "std": list(self.std),
            "pca_colour": {"eigenvalues": list(values), "eigenvectors": list(vectors)} if values else None,
            "classes": self.classes,
            "sizes": [[*size, count] for size, count in sorted(self.sizes.items())],
            "unreadable": [{"key": key, "reason": reason} for key, reason in self.bad],
        }

    def text(self) -> str:
        """Return everything as the command line prints it."""
        of = " and ".join(self.splits)
        plural = "s" if self.pictures > 1 else ""
        lines = [
            f"{self.pictures:,} picture{plural} of {len(self.classes):,} classes ({of}), levels on [0, 1]"
        ]
        lines += [f"  {name:<9}{said}" for name, said in self._said()]
        if self.bad:
            key, reason = self.bad[0]
            lines.append(f"  {len(self.bad):,} could not be read, such as {key}: {reason}")
        if not self.covariance:
            lines.append("all pictures are grey: the op pca_colour leaves them as they are")
            return "\n".join(lines)
        values, vectors = self.principal()
        paste = (
            f"{{eigenvalues: [{_written(values)}],\n                 eigenvectors: [{_written(vectors)}]}}"
        )
        return "\n".join([*lines, "how colours vary, as a step of a policy:", f"  - pca_colour: {paste}"])

    def _said(self) -> list[tuple[str, str]]:
        wide, high = (sorted(size[side] for size in self.sizes) for side in (0, 1))
        size = f"{_range(wide[0], wide[-1])} wide, {_range(high[0], high[-1])} high"
        aspects = sorted(width / height for width, height in self.sizes)
        said = [("sizes", f"{size}; width over height {_range(*(f'{aspects[i]:.3g}' for i in (0, -1)))}")]
        kinds = {"grey": self.grey, "in colour": self.pictures - self.grey}
        said.append(("channels", ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)))
        said += [("mean", _written(self.mean)), ("std", _written(self.std))]
        counts = sorted(self.classes.items(), key=lambda one: one[1])
        if counts[0][1] == counts[-1][1]:
            return [*said, ("classes", f"{counts[0][1]:,} pictures each")]
        few = counts if len(counts) > _NAMED else []
        named = [*few[:5], ("…", -1), *few[-5:]] if few else list(self.classes.items())
        told = ", ".join(name if count < 0 else f"{name} {count:,}" for name, count in named)
        return [*said, ("classes", told)]


def measure(data: DatasetDict, splits: Sequence[str] = ()) -> Statistics:
    """Read every picture of some splits, the train split if none is named, or else all.

    A bar is shown where that takes long and somebody is looking.

    Raises:
        UsageError:  a split is not there.
        SourceError: not one picture can be read.
    """
    names = records.class_names(data)
    wanted = tuple(splits) or (("train",) if "train" in data else tuple(data))
    for split in wanted:
        if split not in data:
            raise UsageError(
                f"the source has no split {split!r}, only {', '.join(data)}",
                fix="divide it, as in --split 80/20, or name a split that is there",
            )
    sums = _Sums(np.zeros(len(names), dtype=np.int64))
    with bar("reading", sum(len(data[split]) for split in wanted)) as advance:
        for split in wanted:
            for row in data[split].with_format(None):
                sums.add(row["key"], row["label"], row["image"])
                advance(1)
    if not sums.sizes:
        where, problem = sums.bad[0] if sums.bad else ("", "there are none")
        raise SourceError(f"no picture can be read: {problem}", where=where)
    return sums.statistics(wanted, names)


@dataclasses.dataclass
class _Sums:
    """Add up whole numbers: of grey pictures' pixels, and of coloured ones'."""

    classes: NDArray[np.int64]
    grey: int = 0
    sizes: collections.Counter[tuple[int, int]] = dataclasses.field(default_factory=collections.Counter)
    pixels: dict[int, int] = dataclasses.field(default_factory=lambda: {1: 0, 3: 0})
    first: dict[int, list[int]] = dataclasses.field(default_factory=lambda: {1: [0], 3: [0] * 3})
    second: dict[int, list[int]] = dataclasses.field(default_factory=lambda: {1: [0], 3: [0] * 9})
    bad: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def add(self, key: str, label: int, cell: dict[str, bytes | str | None]) -> None:
        try:
            picture = codec.decode(records.content(cell), name=key)
        except PictureError as error:
            self.bad.append((key, error.problem))
            return
        except OSError as error:
            self.bad.append((key, f"cannot be read ({error.strerror})"))
            return
        height, width, channels = picture.shape
        self.sizes[width, height] += 1
        self.grey += channels == 1
        self.classes[label] += label >= 0
        self.pixels[channels] += width * height
        flat = picture.reshape(-1, channels)
        for start in range(0, len(flat), _AT_ONCE):
            part = flat[start : start + _AT_ONCE].astype(np.float64)  # its sums stay far below 2**53: exact
            self.first[channels] = _plus(self.first[channels], part.sum(axis=0))
            self.second[channels] = _plus(self.second[channels], (part.T @ part).ravel())

    def statistics(self, splits: tuple[str, ...], names: tuple[str, ...]) -> Statistics:
        channels = 3 if self.pixels[3] else 1
        pixels = self.pixels[3] + self.pixels[1]
        first, second = self.first[1], self.second[1]
        if channels == 3:  # a grey picture has equal channels
            first = [one + first[0] for one in self.first[3]]
            second = [one + second[0] for one in self.second[3]]
        # In whole numbers up to the last division: nothing cancels.
        over = (pixels * _FULL) ** 2
        covariance = [
            (pixels * second[channels * i + j] - first[i] * first[j]) / over
            for i in range(channels)
            for j in range(channels)
        ]
        return Statistics(
            splits,
            dict(zip(names, self.classes.tolist(), strict=True)),
            self.grey,
            dict(self.sizes),
            tuple(one / (pixels * _FULL) for one in first),
            tuple(covariance[(channels + 1) * i] ** 0.5 for i in range(channels)),
            tuple(covariance) if channels == 3 else (),
            tuple(self.bad),
        )


def _plus(whole: list[int], more: Floats) -> list[int]:
    return [one + int(other) for one, other in zip(whole, more.tolist(), strict=True)]


def _range(low: object, high: object) -> str:
    return f"{low}" if low == high else f"{low} to {high}"


def _written(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.{_DIGITS}f}" for value in values)
