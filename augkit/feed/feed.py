"""The feed: batches of augmented pictures, as a `keras.utils.PyDataset`."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from augkit import backend, keys
from augkit.errors import SourceError, UsageError
from augkit.feed.ahead import Ahead
from augkit.feed.batches import Batch, Batches
from augkit.feed.course import Course
from augkit.feed.held import Held
from augkit.plan import Plan
from augkit.sources import records

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

_SHUFFLED = (
    "Keras shuffles the batches by numbers that follow from no seed of the feed; for an order that can be "
    "had again, write fit(feed, shuffle=False): the feed itself shuffles the pictures"
)


class Feed:
    """Feed a network: batches of uint8 pictures N×H×W×C with their labels, other pictures in every epoch.

        feed = Feed(plan, data, batch_size=64, workers=2)
        model.fit(feed, epochs=10, shuffle=False)      # the feed shuffles the pictures, by the plan's seed
        model.fit(feed.at(10), …)                      # from the eleventh epoch on

    It is a `keras.utils.PyDataset`.  A batch is a pure function of plan, data, batch size, epoch and index:
    the same for any number of workers, in any process, and after a restart.  Epoch e shows each source as
    its copy e + 1, drawn as `augkit generate` draws it; the order follows from seed and epoch.

    Labels are int64 (N,) after relabelling, or float32 (N, classes) with rows of sum 1 where the policy mixes
    pictures (mixup, cutmix; take the loss CategoricalCrossentropy), each with another of its batch.  A draw
    that the policy's guard does not accept gives the picture as it is, so that batches keep their size.

    Only the splits that the policy names are augmented: from others come the pictures as they are, brought
    to their size.  Sources that are small and alike are decoded once and kept (`feed.held.IN_MEMORY`);
    others are decoded each time.

    Args:
        plan:       what is drawn; its `copies` and `keep_originals` are not used.
        data:       a data set (`augkit.sources.load`), or one split of it.
        batch_size: pictures in a batch; the last one of an epoch may have fewer.
        split:      the split to feed, and what `data` is where it is one split.
        epoch:      where to begin, 0 and up.
        steps:      batches in an epoch; as many as show each source once, if left out.  Epochs then go on
                    where the last one ended, and each round through the sources shows other copies.
        shuffle:    whether each round has its own order; else it is that of the data.
        workers:    threads that make batches ahead; 0 makes each when it is asked for.
        processes:  whether workers are processes. Threads wait for one another where they run Python, which
                    two hardly notice and sixteen do; processes do not, but take seconds and memory to start,
                    and a script that makes such a feed needs `if __name__ == "__main__":`.
        one_hot:    whether labels are float32 rows; by default where the policy mixes pictures.
        channels:   1 or 3 to make all pictures grey or colour; needed where the data has both.
        windows:    whether each picture comes with the part of its source that it shows: batches are then
                    ((pictures, windows), labels), windows float32 (N, 4) as `augkit.feed.windows` has them.
        part:       which part of each batch to make, and of how many, where several processes train one
                    network: (0, 2) the first half, (1, 2) the second. Together they are the batch, whatever
                    their number; mixup and cutmix find partners within a part.

    Attributes:
        epoch:   the epoch whose batches `feed[i]` gives; each one that Keras goes through moves it on.
        shape:   height, width and channels of every picture.
        classes: the class names.

    Raises:
        UsageError:   the arguments make no sense, the data holds copies that a policy changed already, or
                      pictures come out in several sizes or colours; while it feeds: a worker process dies,
                      and the one that takes its place, too.
        SourceError:  a label is none of the classes, or two sources have one key.
        PictureError: a picture cannot be read (`augkit build` sorts such pictures out).
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Feed:
        """Make the object a `keras.utils.PyDataset`; Keras is imported here, and not before."""
        made: Feed = object.__new__(_with_keras(cls))
        return made

    def __init__(
        self,
        plan: Plan,
        data: DatasetDict | Dataset,
        *,
        batch_size: int,
        split: str = "train",
        epoch: int = 0,
        steps: int | None = None,
        shuffle: bool = True,
        workers: int = 0,
        processes: bool = False,
        one_hot: bool | None = None,
        channels: int | None = None,
        windows: bool = False,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        rows = _split(data, split, plan)
        records.must_be_unchanged(split, rows, plan)
        _check(plan, batch_size, epoch, steps, workers, one_hot, channels)
        names = _keys(rows, split)
        labels = _labels(rows, split, len(plan.classes))
        held = Held(rows, names, plan.policy, channels)
        course = Course(keys.words(names), plan.seed, batch_size, steps, shuffle)
        soft = bool(plan.blends) if one_hot is None else one_hot
        augmented = split in plan.policy.splits
        _check_part(part, course)
        batches = Batches(
            plan, held, labels, course, augmented=augmented, soft=soft, windowed=windows, part=part
        )
        self._begin(batches, Ahead(batches.__getitem__, workers, processes), epoch)

    def _begin(self, batches: Batches, ahead: Ahead[Batch], epoch: int) -> None:
        super().__init__()
        self._batches, self._ahead, self.epoch = batches, ahead, epoch
        self._running = self._last_given = False
        self._watched = self._due = 0
        self._told = False

    def __reduce__(self) -> tuple[object, ...]:
        return _fed, (_plain(type(self)), self._batches, self._ahead, self.epoch)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return height, width and channels of every picture."""
        return self._batches.held.shape

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the class names, in the order of the labels."""
        return self._batches.plan.classes

    @property
    def pictures(self) -> int:
        """Return how many pictures an epoch shows; with `part`, those of this part."""
        number, of = self._batches.part
        counts = map(self._batches.course.count, range(len(self)))
        return sum(count * (number + 1) // of - count * number // of for count in counts)

    @property
    def workers(self) -> int:
        """Return 1, which tells Keras to start no workers of its own: the feed has its threads."""
        return 1

    @workers.setter
    def workers(self, count: int) -> None:
        raise UsageError(f"got workers={count} after the feed was made", fix="write Feed(…, workers=…)")

    def __len__(self) -> int:
        return len(self._batches.course)

    def __getitem__(self, index: int) -> Batch:
        self._checked(index)
        self._watch(index)
        return self._ahead[self.epoch * len(self) + index]

    def __iter__(self) -> Iterator[Batch]:
        return (self[index] for index in range(len(self)))

    def at(self, epoch: int) -> Feed:
        """Return the same feed at another epoch; the sources and the workers are shared."""
        if epoch < 0:
            raise UsageError(f"got epoch={epoch}, want 0 or more")
        return _fed(_plain(type(self)), self._batches, self._ahead, epoch)

    def origins(self, index: int) -> list[tuple[str, int]]:
        """Return the source key and the number of the copy of each picture of a batch."""
        self._checked(index)
        rows, copies = self._batches.shown(self.epoch, index)
        names = self._batches.held.keys
        return [(names[row], copy) for row, copy in zip(rows.tolist(), copies.tolist(), strict=True)]

    def in_step(self) -> Any:
        """Return a Keras callback that keeps the feed at Keras's own epoch.

        With it, training that resumes (`initial_epoch`, `BackupAndRestore`) goes on with the right pictures.
        """

        def begin(epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            self.epoch = epoch
            self._running = self._last_given = False

        return backend.load().callbacks.LambdaCallback(on_epoch_begin=begin)

    def on_epoch_begin(self) -> None:
        """Note that Keras goes through an epoch; Keras calls this."""
        self._running, self._watched = True, 2

    def on_epoch_end(self) -> None:
        """Move on to the next epoch, where this one was gone through; Keras calls this.

        Keras calls it as well when it has looked at one batch to see its shape, and when `steps_per_epoch`
        ends an epoch of its own in the middle of ours: what counts is that the last batch was given.
        """
        if self._running and self._last_given:
            self.epoch += 1
            self._running = self._last_given = False

    def _watch(self, index: int) -> None:
        """Follow how Keras goes through an epoch, and warn where it does not go in order."""
        if not self._running:
            return
        if index == len(self) - 1:
            self._last_given = True
        if self._watched and index not in (0, self._due) and not self._told:
            self._told = True
            warnings.warn(_SHUFFLED, stacklevel=3)
        self._watched, self._due = max(0, self._watched - 1), index + 1

    def _checked(self, index: int) -> None:
        if not 0 <= index < len(self):
            raise IndexError(f"got batch {index}, want 0 to {len(self) - 1}")


_KINDS: dict[type[Feed], Any] = {}


def _with_keras(kind: type[Feed]) -> Any:
    """Return a kind of feed that is a PyDataset too, made when the first one is."""
    if kind not in _KINDS:
        keras = backend.load()
        _KINDS[kind] = type(kind.__name__, (kind, keras.utils.PyDataset), {"__doc__": kind.__doc__})
    return _KINDS[kind]


def _plain(kind: type[Feed]) -> type[Feed]:
    """Return the kind of feed that `_with_keras` made this one of: one that pickle finds by its name."""
    return kind.__mro__[1]


def _fed(kind: type[Feed], batches: Batches, ahead: Ahead[Batch], epoch: int) -> Feed:
    feed: Feed = object.__new__(_with_keras(kind))
    feed._begin(batches, ahead, epoch)
    return feed


def _check(
    plan: Plan,
    batch_size: int,
    epoch: int,
    steps: int | None,
    workers: int,
    one_hot: bool | None,
    channels: int | None,
) -> None:
    numbers = {"batch_size": (batch_size, 1), "epoch": (epoch, 0), "workers": (workers, 0)}
    for name, (value, least) in {**numbers, "steps": (1 if steps is None else steps, 1)}.items():
        if value < least:
            raise UsageError(f"got {name}={value}, want {least} or more")
    if channels not in (None, 1, 3):
        raise UsageError(f"got channels={channels}, want 1 (grey) or 3 (colour)")
    if one_hot is False and plan.blends:
        raise UsageError(
            f"{plan.blends[0].name} mixes labels, but one_hot=False asks for one label a picture",
            where=plan.blends[0].where,
            fix="leave one_hot out, and train with the loss CategoricalCrossentropy",
        )


def _check_part(part: tuple[int, int], course: Course) -> None:
    number, of = part
    if not 0 <= number < of:
        raise UsageError(f"got part={part}, want (number, of) with a number from 0 to below `of`")
    least = course.count(len(course) - 1)
    if least < of:
        raise UsageError(
            f"got part={part}, but the last batch of an epoch has {least}, which is not one for each part",
            fix="give steps=, the whole batches of an epoch: what is left over begins the next epoch",
        )


def _split(data: Any, split: str, plan: Plan) -> Dataset:
    """Return the split to feed; an error where it is not there, is empty, or has other classes."""
    parts = data if isinstance(data, Mapping) else {split: data}
    if split not in parts:
        raise UsageError(f"the data has no split {split!r}, only {', '.join(parts)}", fix="give split=")
    part: Dataset = parts[split]
    classes = records.class_names({split: part})
    if classes != plan.classes:
        raise UsageError(f"the plan is for the classes {plan.classes}, the data has {classes}")
    if not len(part):
        raise SourceError(f"split {split!r} holds no pictures")
    return part


def _keys(part: Dataset, split: str) -> list[str]:
    names = records.keys(part)
    if len(set(names)) < len(names):
        ordered = sorted(names)
        twice = next(one for one, other in itertools.pairwise(ordered) if one == other)
        raise SourceError(f"two pictures of split {split!r} have the key {twice!r}")
    return names


def _labels(part: Dataset, split: str, classes: int) -> NDArray[np.int64]:
    labels = records.labels(part)
    if labels.min() < 0 or labels.max() >= classes:
        raise SourceError(f"split {split!r} has labels outside its {classes} classes")
    return labels
