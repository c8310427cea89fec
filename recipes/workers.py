"""Several processes or devices that train one network together, each on its own part of every batch.

    KERAS_BACKEND=jax    python -m recipes.imagenet …                        all devices of this machine
    KERAS_BACKEND=torch  torchrun --nproc-per-node 4 -m recipes.imagenet …   a process for each device

On JAX one process sees all devices, and `keras.distribution` gives each its rows of the batch. On PyTorch
each process makes its part of the batch itself, and DistributedDataParallel averages the gradients; only the
first process writes. A batch means the same for any number of workers, so a run goes on with another number.
What differs is dropout on PyTorch, which every process draws for itself, and batch normalisation there, which
looks at its own part of the batch; its running averages are averaged after every epoch.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from augkit import backend
from augkit.errors import BackendError, UsageError

T = TypeVar("T")

PATIENCE = datetime.timedelta(hours=6)  # the first process may read a whole data set while the others wait


@dataclasses.dataclass(frozen=True)
class Workers:
    """Say who trains: a process alone, of one or several devices.

    Attributes:
        rank:    which process this is, from 0.
        count:   how many processes there are.
        devices: how many devices each of them has.
    """

    rank: int = 0
    count: int = 1
    devices: int = 1

    @property
    def first(self) -> bool:
        """Tell whether this process is the one that writes."""
        return self.rank == 0

    @property
    def part(self) -> tuple[int, int]:
        """Return which part of each batch this process makes, as `augkit.feed.Feed` takes it."""
        return self.rank, self.count

    def check(self, batch: int) -> None:
        """Raise UsageError for a batch that does not come out even."""
        workers = self.count * self.devices
        if batch % workers:
            raise UsageError(
                f"got batches of {batch}, which {workers} workers cannot share evenly",
                fix=f"take a multiple of {workers}, or fewer workers",
            )

    def spread(self, array: np.ndarray) -> Any:
        """Give each device of this process its rows of an array; their number comes out even."""
        if self.devices == 1:
            return array
        place = backend.load().distribution
        return place.distribute_tensor(array, place.distribution().get_data_layout(array.shape))

    def share(self, model: Any) -> None:
        """Make a compiled network train with those of the other processes."""

    def settle(self, model: Any) -> None:
        """Make what each process counted by itself, as batch normalisation does, the same in all."""

    def agree(self, value: T) -> T:
        """Return the value that the first process has."""
        return value

    def total(self, array: np.ndarray) -> np.ndarray:
        """Return the sum of all processes' arrays."""
        return array

    def mean(self, logs: Mapping[str, float]) -> dict[str, float]:
        """Return the mean of all processes' numbers."""
        return dict(logs)


ALONE = Workers()


class _Processes(Workers):
    """Processes that torchrun started: PyTorch's own, which talk to each other."""

    def share(self, model: Any) -> None:
        import torch
        from torch import distributed
        from torch.nn.parallel import DistributedDataParallel

        spread = DistributedDataParallel(model)  # weights are those of the first process from here on

        def train_step(data: Any) -> dict[str, Any]:
            x, y = data
            answers = spread(x, training=True)
            model.zero_grad()
            loss = model.compute_loss(x=x, y=y, y_pred=answers)
            # All see one loss, so that all stop where it is no longer a number.
            seen = loss.detach().clone()
            distributed.all_reduce(seen)
            model.optimizer.scale_loss(loss).backward()
            weights = model.trainable_weights
            with torch.no_grad():
                model.optimizer.apply([weight.value.grad for weight in weights], weights)
            for metric in model.metrics:
                metric.update_state(*((seen / self.count,) if metric.name == "loss" else (y, answers)))
            return {name: value for metric in model.metrics for name, value in _results(metric).items()}

        model.train_step = train_step

    def settle(self, model: Any) -> None:
        import torch
        from torch import distributed

        with torch.no_grad():
            for variable in model.non_trainable_variables:
                if variable.value.is_floating_point():
                    distributed.all_reduce(variable.value.data)
                    variable.value.data /= self.count

    def agree(self, value: T) -> T:
        from torch import distributed

        held = [value]
        distributed.broadcast_object_list(held, src=0)
        return held[0]

    def total(self, array: np.ndarray) -> np.ndarray:
        import torch
        from torch import distributed

        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        sums = torch.as_tensor(np.array(array), device=device)
        distributed.all_reduce(sums)
        return np.asarray(sums.cpu().numpy())

    def mean(self, logs: Mapping[str, float]) -> dict[str, float]:
        sums = self.total(np.array(list(logs.values()), dtype=np.float64))
        return dict(zip(logs, (sums / self.count).tolist(), strict=True))


def rank() -> int:
    """Return which of torchrun's processes this is; 0 where torchrun started none."""
    return int(os.environ["RANK"]) if "TORCHELASTIC_RUN_ID" in os.environ else 0


@contextlib.contextmanager
def started() -> Iterator[Workers]:
    """Begin to work together, and end it afterwards; before the network is built.

    Raises BackendError where torchrun starts what runs on another backend than PyTorch.
    """
    name = backend.choose()
    if "TORCHELASTIC_RUN_ID" in os.environ:
        if name != "torch":
            raise BackendError(
                f"torchrun started this, but Keras runs on {name}", fix="set KERAS_BACKEND=torch"
            )
        with _processes() as workers:
            yield workers
    elif name == "jax":
        with _devices() as workers:
            yield workers
    else:
        yield ALONE


@contextlib.contextmanager
def _processes() -> Iterator[Workers]:
    import torch
    from torch import distributed

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    kind = "nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(kind, timeout=PATIENCE)
    try:
        yield _Processes(distributed.get_rank(), distributed.get_world_size())
        distributed.barrier()
    finally:
        distributed.destroy_process_group()


@contextlib.contextmanager
def _devices() -> Iterator[Workers]:
    keras = backend.load()
    count = len(keras.distribution.list_devices())
    if count == 1:
        yield ALONE
        return
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(keras.distribution.DataParallel())
    try:
        yield Workers(devices=count)
    finally:
        keras.distribution.set_distribution(before)


def _results(metric: Any) -> dict[str, Any]:
    """Return a metric's results by name: Keras keeps those that it is compiled with in one metric."""
    found = metric.result()
    return dict(found) if isinstance(found, dict) else {metric.name: found}
