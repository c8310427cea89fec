"""One loop: the same history always, killed or not; and a folder that says whether it is finished."""

from __future__ import annotations

import csv
import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from augkit import backend
from augkit.errors import UsageError
from recipes import fit as loop
from recipes import runs
from recipes.fit import Training, TrainingError, fit
from recipes.workers import ALONE
from tests.recipes.arrays import shuffled

ROOT = Path(__file__).parents[2]
EPOCHS, STEPS, BATCH = 4, 6, 8


def build(rate: float = 0.01):
    """Make a small network with dropout, whose rate falls from step to step."""
    keras = backend.load()
    layers = [
        keras.layers.Flatten(),
        keras.layers.Dense(12, activation="relu"),
        keras.layers.Dropout(0.5, seed=7, name="seeded"),
        keras.layers.Dropout(0.2, name="unseeded"),
        keras.layers.Dense(3),
    ]
    model = keras.Sequential([keras.Input((4, 4, 1)), *layers])
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, EPOCHS * STEPS)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def pictures(count: int = 40):
    random = np.random.default_rng(0)
    labels = np.arange(count) % 3
    return (random.integers(0, 60, (count, 4, 4, 1)) + 60 * labels[:, None, None, None]).astype(
        np.uint8
    ), labels


def train(run: Path, *, rate: float = 0.01, feed=None, **settings):
    x, y = pictures()
    training = Training(
        title="small",
        classes=("a", "b", "c"),
        epochs=EPOCHS,
        steps=STEPS,
        seed=5,
        settings={"r": rate, **settings},
    )
    feed = feed or shuffled(x, y, batch=BATCH, steps=STEPS, seed=5)
    return fit(training, lambda: build(rate), feed, (x.astype(np.float32) / 255, y), run)


def history(run: Path) -> list[dict[str, str]]:
    """Read a run's log without its times."""
    with (run / "log.csv").open(encoding="utf-8") as file:
        return [
            {key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("fit") / "unbroken"
    train(run)
    return run


def test_a_finished_run_holds_its_result_its_networks_and_its_report(unbroken):
    names = {path.name for path in unbroken.iterdir()}
    assert names == {
        "settings.json",
        "log.csv",
        "tensorboard",
        "last.keras",
        "best.keras",
        "result.json",
        "report.md",
        "curves.png",
        "confusion.png",
    }
    result = json.loads((unbroken / "result.json").read_text(encoding="utf-8"))
    assert np.sum(result["confusion"]) == 40
    assert result["accuracy"] == pytest.approx(np.trace(result["confusion"]) / 40)
    assert [row["epoch"] for row in result["history"]] == [1, 2, 3, 4]


def test_the_last_network_gives_the_result_that_is_reported(unbroken):
    keras = backend.load()
    x, y = pictures()
    model = keras.saving.load_model(unbroken / "last.keras")
    read = model.predict(x.astype(np.float32) / 255, verbose=0).argmax(axis=1)
    assert np.mean(read == y) == json.loads((unbroken / "result.json").read_text())["accuracy"]


def test_the_network_learns(unbroken):
    losses = [float(row["loss"]) for row in history(unbroken)]
    assert losses[-1] < losses[0]


class Power(Exception):
    """Stands for a power cut."""


@pytest.mark.thorough
@pytest.mark.parametrize("broken_epoch", [0, 2])
def test_a_run_broken_in_an_epoch_ends_with_the_same_history(unbroken, tmp_path, broken_epoch):
    x, y = pictures()
    whole = shuffled(x, y, batch=BATCH, steps=STEPS, seed=5)

    def failing(epoch):
        if epoch == broken_epoch:
            raise Power
        return whole(epoch)

    with pytest.raises(Power):
        train(tmp_path / "run", feed=failing)
    assert not (tmp_path / "run" / "result.json").exists()
    train(tmp_path / "run")
    assert history(tmp_path / "run") == history(unbroken)


def test_a_run_killed_in_the_middle_of_an_epoch_ends_with_the_same_history(unbroken, tmp_path):
    """The child stops in its third epoch after a few batches, and is killed there with SIGKILL."""
    program = f"""
import sys, time
sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
from pathlib import Path
import test_fit
from augkit import backend
keras = backend.load()
run = Path({str(tmp_path / "run")!r})
inner = keras.callbacks.LambdaCallback
def slow(on_train_batch_end, **others):
    def after(step, logs):
        on_train_batch_end(step, logs)
        if step == 3 and (run / "log.csv").exists() and len((run / "log.csv").read_text().splitlines()) == 3:
            Path({str(tmp_path / "there")!r}).touch()
            time.sleep(600)
    return inner(on_train_batch_end=after, **others)
keras.callbacks.LambdaCallback = slow
test_fit.train(run)
"""
    env = {**os.environ, "KERAS_BACKEND": backend.choose()}
    child = subprocess.Popen([sys.executable, "-c", program], env=env)
    try:
        until = time.monotonic() + 120
        while not (tmp_path / "there").exists() and child.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        assert (tmp_path / "there").exists()
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert len(history(tmp_path / "run")) == 2
    train(tmp_path / "run")
    assert history(tmp_path / "run") == history(unbroken)


def test_another_seed_gives_another_history(unbroken, tmp_path):
    x, y = pictures()
    training = Training(title="small", classes=("a", "b", "c"), epochs=1, steps=STEPS, seed=6, settings={})
    feed = shuffled(x, y, batch=BATCH, steps=STEPS, seed=6)
    fit(training, build, feed, (x.astype(np.float32) / 255, y), tmp_path / "run")
    assert history(tmp_path / "run")[0]["loss"] != history(unbroken)[0]["loss"]


def test_dropout_draws_by_seed_and_epoch_alone():
    keras = backend.load()
    model = build()
    ones = np.ones((4, 4, 4, 1), dtype="float32")

    def drawn(seed, epoch):
        loop._reseed(keras, model, seed, epoch)
        return keras.ops.convert_to_numpy(model(ones, training=True))

    first = drawn(5, 2)
    assert not np.array_equal(first, drawn(5, 3))
    assert not np.array_equal(first, drawn(6, 2))
    assert np.array_equal(first, drawn(5, 2))


def test_a_finished_run_is_not_trained_again(unbroken):
    def never(epoch):
        raise AssertionError("trained again")

    before = {path: path.stat().st_mtime_ns for path in unbroken.iterdir()}
    assert train(unbroken, feed=never)["title"] == "small"
    assert {path: path.stat().st_mtime_ns for path in unbroken.iterdir()} == before


def test_a_lost_report_is_drawn_again_from_the_result(unbroken):
    (unbroken / "confusion.png").unlink()
    train(unbroken)
    assert (unbroken / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_a_folder_with_another_run_is_refused(unbroken):
    with pytest.raises(UsageError, match=r"r was 0.01 and is now 0.5") as caught:
        train(unbroken, rate=0.5)
    assert "another folder" in caught.value.fix


def test_the_way_back_to_a_run_of_another_backend_is_said(unbroken, tmp_path):
    whole = json.loads((unbroken / "settings.json").read_text("utf-8"))
    runs.mark(tmp_path, {**whole, "backend": "theano"})
    with pytest.raises(UsageError, match="backend was 'theano'") as caught:
        train(tmp_path)
    assert "KERAS_BACKEND=theano" in caught.value.fix


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(UsageError, match="holds no run"):
        train(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    x, y = pictures()
    fed = []

    def poisoned(epoch):
        fed.append(epoch)
        batch = shuffled(x, y, batch=BATCH, steps=STEPS, seed=5)(epoch)
        # Not NaN: TensorFlow's fused ReLU makes 0 of it. The largest float overflows on every backend.
        return {**batch, "x": batch["x"] * np.float32(3e38 if epoch == 1 else 1)}

    with pytest.raises(TrainingError, match="in epoch 2") as caught:
        train(tmp_path / "run", feed=poisoned)
    assert caught.value.exit_code == 1
    assert fed == [0, 1]
    assert len(history(tmp_path / "run")) == 1
    assert not (tmp_path / "run" / "result.json").exists()


def test_few_test_pictures_are_watched_and_every_class_among_them():
    x, y = np.zeros((4000, 1)), np.repeat(np.arange(10), 400)
    watched, labels = loop.some((x, y), loop.WATCHED)
    assert len(watched) == len(labels) == 1000
    assert set(np.bincount(labels)) == {100}


def test_a_confusion_has_what_is_in_rows_and_what_is_read_in_columns():
    class Reader:
        """Reads everything as the last class."""

        def predict_on_batch(self, pictures):
            return np.tile([0.0, 0.1, 0.9], (len(pictures), 1))

        def count_params(self):
            return 0

    training = Training(title="t", classes=("a", "b", "c"), epochs=1, steps=1, seed=0, settings={})
    pictures = np.zeros((5, 1)), np.array([0, 0, 1, 2, 2])
    result = loop._judge(Reader(), Reader(), pictures, training, ALONE)
    assert result["confusion"] == [[0, 0, 2], [0, 0, 1], [0, 0, 2]]
    assert result["accuracy"] == pytest.approx(2 / 5)


class Batches:
    """Gives pictures in batches, as a PyDataset does."""

    def __init__(self, x, y, size: int) -> None:
        self.x, self.y, self.size = x, y, size

    def __len__(self) -> int:
        return -(-len(self.y) // self.size)

    def __getitem__(self, i: int):
        part = slice(i * self.size, (i + 1) * self.size)
        return self.x[part], self.y[part]


def test_pictures_in_batches_are_counted_as_in_arrays():
    x, y = pictures()
    x = x.astype(np.float32) / 255
    model = build()
    training = Training(title="t", classes=("a", "b", "c"), epochs=1, steps=1, seed=0, settings={})
    whole = loop._judge(model, model, (x, y), training, ALONE)
    assert loop._judge(model, model, Batches(x, y, 7), training, ALONE) == whole
    assert loop._judge(model, model, Batches(x, np.eye(3)[y], 7), training, ALONE) == whole
    assert np.sum(whole["confusion"], axis=1).tolist() == [14, 13, 13]


def test_of_many_batches_some_are_watched_from_first_to_last():
    x, y = np.arange(30_000)[:, None], np.zeros(30_000)
    watched, labels = loop.some(Batches(x, y, 100), loop.WATCHED)
    assert len(watched) == len(labels) == 1000
    assert watched.min() == 0 and watched.max() > 26_000


@pytest.mark.parametrize("broken", [False, True])
def test_a_run_stops_where_it_is_told_to_and_stays_stopped(tmp_path, broken):
    """The rule sees the history alone, so a run that goes on after a kill stops at the same epoch."""
    x, y = pictures()
    training = Training(title="small", classes=("a", "b", "c"), epochs=9, steps=STEPS, seed=5, settings={})
    held = (x.astype(np.float32) / 255, y)
    whole = shuffled(x, y, batch=BATCH, steps=STEPS, seed=5)

    def failing(epoch):
        if epoch == 2:
            raise Power
        return whole(epoch)

    def stop(history):
        assert [row["epoch"] for row in history] == list(range(1, len(history) + 1))
        return len(history) == 3

    if broken:
        with pytest.raises(Power):
            fit(training, build, failing, held, tmp_path / "run", stop=stop)
    result = fit(training, build, whole, held, tmp_path / "run", stop=stop)
    assert len(result["history"]) == 3
    assert "after 3 epochs" in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")


def test_what_is_watched_chooses_the_best_and_the_test_is_read_at_the_end(tmp_path):
    """Watched pictures with wrong labels are never read right; the test pictures mostly are."""
    x, y = pictures()
    scaled = x.astype(np.float32) / 255
    training = Training(title="small", classes=("a", "b", "c"), epochs=3, steps=30, seed=5, settings={})
    feed = shuffled(x, y, batch=BATCH, steps=30, seed=5)
    result = fit(training, lambda: build(0.05), feed, (scaled, y), tmp_path, watch=(scaled, (y + 1) % 3))
    assert result["accuracy"] > 0.6
    assert all(row["val_accuracy"] < 0.4 for row in result["history"])
    assert "test pictures had no part in choosing it" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_the_best_network_is_that_of_the_epoch_that_read_most_of_what_is_watched(tmp_path, monkeypatch):
    """Of two that read as much it is the later one."""
    reads, weights = iter((0.2, 0.6, 0.6, 0.4)), []

    def score(model, *_):
        weights.append(model.get_weights())
        return 1.0, next(reads)

    monkeypatch.setattr(loop, "score", score)
    train(tmp_path / "run")
    for name, epoch in (("best", 3), ("last", 4)):
        kept = backend.load().saving.load_model(tmp_path / "run" / f"{name}.keras").get_weights()
        for found, *each in zip(kept, *weights, strict=True):
            assert [np.array_equal(found, one) for one in each] == [n == epoch for n in (1, 2, 3, 4)]


def test_tensorboard_finds_every_number_of_the_log(unbroken):
    record = pytest.importorskip("tensorboardX.record_writer")
    from tensorboardX.proto.event_pb2 import Event

    (file,) = (unbroken / "tensorboard").iterdir()
    data, found = file.read_bytes(), {}
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert struct.unpack("<I", data[8:12])[0] == record.masked_crc32c(data[:8])
        event = Event.FromString(data[12 : 12 + length])
        found |= {(value.tag, event.step): value.simple_value for value in event.summary.value}
        data = data[16 + length :]
    for row in history(unbroken):
        for name, tag in (("loss", "loss/training"), ("val_accuracy", "accuracy/watched")):
            assert found[tag, int(row["epoch"])] == pytest.approx(float(row[name]))


def test_where_there_is_no_terminal_nothing_is_shown_but_that_events_lack_their_package(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    train(tmp_path / "run")
    assert capsys.readouterr() == ("", "no events for TensorBoard: pip install tensorboardX\n")
    assert not (tmp_path / "run" / "tensorboard").exists()
    assert (tmp_path / "run" / "result.json").exists()


def test_dropout_in_a_network_inside_a_network_is_seeded_whatever_keras_calls_it():
    keras = backend.load()
    ones = np.ones((4, 4, 4, 1), dtype="float32")

    def made():
        """Make the same network again, under other names."""
        drop = [keras.layers.Flatten(), keras.layers.Dropout(0.5)]
        model = keras.Sequential([keras.Input((4, 4, 1)), keras.Sequential(drop)])
        loop._reseed(keras, model, 5, 2)
        return keras.ops.convert_to_numpy(model(ones, training=True))

    assert np.array_equal(made(), made())
