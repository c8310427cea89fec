"""The mean picture of a training set: what the paper subtracts, pixel by pixel, and nothing else."""

from __future__ import annotations

import numpy as np
from datasets import Dataset

from augkit import policy, tasks
from augkit.feed import Feed
from augkit.intervals import Interval
from augkit.plan import Plan
from augkit.safety import judge
from augkit.sources import records
from recipes.workers import ALONE, Workers

BATCH = 64


def middle(
    part: Dataset,
    canvas: int,
    crop: int,
    *,
    batch: int,
    threads: int,
    windows: bool = False,
    one_hot: bool = False,
) -> Feed:
    """Feed the middle `crop` pixels of each picture whose shorter side is made `canvas`, in order, in colour.

    How a network is tested by one crop; with `crop` as large as `canvas` it is the whole square.
    """
    side = f"{{aspect: 1, side: {crop / canvas!r}}}"
    steps = f"{{resize: {{shorter: {canvas}}}}}, {{centre_crop: {side}}}, "
    steps += f"{{resize: {{width: {crop}, height: {crop}}}}}"
    written = policy.parse(f"version: 1\ntask: none\nsteps: [{steps}]", "the middle of pictures")
    safe = judge(written, tasks.load("none"), aspect=Interval(0.01, 100)).safe_policy()
    plan = Plan(safe, records.class_names({"train": part}))
    return Feed(
        plan,
        part,
        batch_size=batch,
        workers=threads,
        shuffle=False,
        channels=3,
        windows=windows,
        one_hot=one_hot,
    )


def mean_picture(part: Dataset, canvas: int, *, threads: int = 0, workers: Workers = ALONE) -> np.ndarray:
    """Return the mean of the middle squares of all pictures, float32 `canvas` x `canvas` x 3, of 0 to 255.

    Sums are whole numbers, so that it is the same in any order and for any number of workers.
    """
    mine = part.select(range(workers.rank, len(part), workers.count))
    sums = np.zeros((canvas, canvas, 3), dtype=np.int64)
    if len(mine):
        for pictures, _ in middle(mine, canvas, canvas, batch=BATCH, threads=threads):
            sums += pictures.sum(axis=0, dtype=np.int64)
    return (workers.total(sums) / len(part)).astype(np.float32)
