"""Workers read and train as one alone would; each device has rows of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from augkit import backend
from augkit.errors import BackendError
from recipes import workers

ROOT = Path(__file__).parents[2]
FOUR = """
import numpy as np
from augkit import backend
from recipes import workers
from recipes.reading import confusion, score
keras = backend.load()
chance = np.random.default_rng(0)
x, y = chance.normal(size=(10, 4)).astype(np.float32), np.arange(10) % 3
class Batches:
    def __len__(self): return 2
    def __getitem__(self, i): return x[6 * i : 6 * i + 6], y[6 * i : 6 * i + 6]
with workers.started() as four:
    assert (four.count, four.devices) == (1, 4), four
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    shards = four.spread(x[:8]).addressable_shards
    assert len({shard.device for shard in shards}) == 4
    rows = [np.asarray(shard.data) for shard in sorted(shards, key=lambda shard: shard.index[0].start or 0)]
    assert [len(part) for part in rows] == [2] * 4 and np.array_equal(np.concatenate(rows), x[:8])
    # Neither six nor four of ten come out even.
    np.testing.assert_allclose(score(model, Batches(), four), score(model, Batches()), rtol=1e-5)
    assert confusion(model, Batches(), 3, four).sum() == 10
assert keras.distribution.distribution() is None
"""


@pytest.mark.slow
@pytest.mark.skipif(backend.choose() != "jax", reason="on JAX one process has several devices")
def test_each_of_four_devices_reads_rows_of_its_own():
    env = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    done = subprocess.run([sys.executable, "-c", FOUR], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(backend.choose() == "torch", reason="PyTorch is what torchrun starts processes for")
def test_torchrun_on_another_backend_is_refused(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("RANK", "1")
    assert workers.rank() == 1
    with pytest.raises(BackendError, match="torchrun started this, but Keras runs on"), workers.started():
        pass


def test_one_device_is_alone():
    with workers.started() as found:
        assert found == workers.ALONE
        assert found.mean({"loss": 2.0}) == {"loss": 2.0} and found.agree([1]) == [1]
