"""What Keras gets of a feed while it trains, on the chosen backend: which pictures, in which order."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import DatasetDict

from augkit import backend, codec
from augkit.feed import Feed
from augkit.sources import records
from recipes import fit as loop
from tests.store import making

MIXUP = making.SAFE + "  - mixup: {alpha: 0.4, p: 0.7}\n"
TONES = "version: 1\ntask: digits\nsteps:\n  - contrast: {gain: [0.8, 1.2]}\n  - cutmix: {p: 0.3}\n"
IN_ORDER = {"shuffle": False, "verbose": 0}


def feed(text: str = making.SAFE, *, sources: int = 43, **how: Any) -> Feed:
    return Feed(making.plan(text, seed=3), making.source(sources), **{"batch_size": 8, **how})


def bars(count: int = 120) -> DatasetDict:
    """Make digits that are easily told apart: label n is a bright bar in rows 3 n to 3 n + 2."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 60, (count, 32, 32, 1), dtype=np.uint8)
    for number, picture in enumerate(pictures):
        picture[3 * (number % 10) + 1 : 3 * (number % 10) + 4] += 180
    data = [codec.encode(picture) for picture in pictures]
    names = [f"bar{number:03d}" for number in range(count)]
    labels = [number % 10 for number in range(count)]
    return DatasetDict(train=records.dataset(names, data, labels, making.DIGITS))


def network(seen: list[bytes] | None = None, *, soft: bool = False, eager: bool = False) -> Any:
    """Make a small network; where it runs eagerly, it notes the pixels of each batch it is given."""
    keras = backend.load()

    class Look(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            if seen is not None:
                with contextlib.suppress(Exception):  # it is symbolic: Keras looks at its shape
                    seen.append(keras.ops.convert_to_numpy(x).astype(np.uint8).tobytes())
            return x

    layers = [Look(), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((32, 32, 1)), *layers])
    losses = keras.losses
    loss = (losses.CategoricalCrossentropy if soft else losses.SparseCategoricalCrossentropy)(
        from_logits=True
    )
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"], run_eagerly=eager)
    return model


def pixels(made: Feed) -> list[bytes]:
    return [x.tobytes() for x, _ in made]


def test_a_feed_is_a_py_dataset():
    keras = backend.load()
    made = feed()
    assert isinstance(made, keras.utils.PyDataset) and isinstance(made, Feed)
    assert isinstance(made.at(3), keras.utils.PyDataset)


@pytest.mark.parametrize("text, soft", [(TONES.replace("  - cutmix: {p: 0.3}\n", ""), False), (TONES, True)])
def test_a_network_learns_from_it(text, soft):
    backend.load().utils.set_random_seed(0)
    made = Feed(making.plan(text), bars(), batch_size=16, workers=1)
    model = network(soft=soft)
    losses = model.fit(made, epochs=8, **IN_ORDER).history["loss"]
    assert losses[-1] < 0.7 * losses[0] and made.epoch == 8
    plain = Feed(making.plan(text), bars(40)["train"], split="test", batch_size=16)
    assert model.evaluate(plain, verbose=0, return_dict=True)["accuracy"] > 0.9


@pytest.mark.parametrize("workers", [0, 2])
def test_keras_is_given_epoch_after_epoch(workers):
    seen: list[bytes] = []
    made, model = feed(workers=workers), network(seen, eager=True)
    seen.clear()
    model.fit(made, epochs=2, **IN_ORDER)
    model.fit(made, epochs=1, **IN_ORDER)
    assert seen == [batch for epoch in range(3) for batch in pixels(feed().at(epoch))]
    assert made.epoch == 3


def test_steps_per_epoch_cuts_our_epochs_and_loses_nothing():
    seen: list[bytes] = []
    made, model = feed(), network(seen, eager=True)
    seen.clear()
    model.fit(made, epochs=4, steps_per_epoch=3, **IN_ORDER)
    assert seen == [batch for epoch in range(2) for batch in pixels(feed().at(epoch))]


def test_a_test_split_is_read_between_epochs_without_disturbing_them():
    seen: list[bytes] = []
    made, model = feed(workers=1), network(seen, eager=True)
    unseen = Feed(making.plan(), making.source(4, 11), split="test", batch_size=6, shuffle=False)
    seen.clear()
    model.fit(made, epochs=2, validation_data=unseen, **IN_ORDER)
    read = pixels(unseen.at(0))
    assert seen == [*pixels(feed().at(0)), *read, *pixels(feed().at(1)), *read]


class Power(Exception):
    """Stands for a power cut."""


@pytest.mark.parametrize("workers", [0, 2])
def test_training_that_was_broken_in_an_epoch_resumes_on_the_same_pictures(workers):
    keras = backend.load()

    def cut(batch: int, logs: Any = None) -> None:
        if made.epoch == 1 and batch == 3:
            raise Power

    seen: list[bytes] = []
    made, model = feed(MIXUP, workers=workers), network(seen, soft=True, eager=True)
    with pytest.raises(Power):
        model.fit(
            made, epochs=3, callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=cut)], **IN_ORDER
        )
    resumed = feed(MIXUP, workers=workers)
    seen.clear()
    model.fit(resumed, initial_epoch=1, epochs=3, callbacks=[resumed.in_step()], **IN_ORDER)
    assert seen == [batch for epoch in (1, 2) for batch in pixels(feed(MIXUP).at(epoch))]


def test_in_step_tells_an_epoch_of_one_batch_from_keras_looking_at_it():
    seen: list[bytes] = []
    made, model = feed(sources=6), network(seen, eager=True)
    seen.clear()
    model.fit(made, epochs=3, callbacks=[made.in_step()], **IN_ORDER)
    assert seen == [batch for epoch in range(3) for batch in pixels(feed(sources=6).at(epoch))]


class Cut(Feed):
    """A feed that breaks in its second epoch."""

    def __getitem__(self, index: int) -> Any:
        if self.epoch == 1 and index == 3:
            raise Power("in mid-epoch")
        return super().__getitem__(index)


@pytest.mark.thorough
def test_the_one_loop_trains_from_a_feed_and_ends_alike_when_broken(tmp_path: Path):
    """`recipes.fit` takes any feed: here one that is made while it trains, broken and resumed."""
    pictures = np.concatenate([x for x, _ in feed(split="train", shuffle=False)]).astype(np.float32)
    truth = np.arange(43, dtype=np.int64) % 10

    def train(run: Path, given: Any) -> list[dict[str, Any]]:
        training = loop.Training(
            title="fed",
            classes=making.DIGITS,
            epochs=3,
            steps=6,
            seed=5,
            settings={"plan": making.plan().digest},
        )
        history = loop.fit(training, network, given, (pictures, truth), run)["history"]
        return [{key: value for key, value in row.items() if key != "seconds"} for row in history]

    whole = train(tmp_path / "whole", loop.fed(feed(workers=1)))
    cut = Cut(making.plan(seed=3), making.source(43), batch_size=8)
    with pytest.raises(Exception, match="in mid-epoch"):
        train(tmp_path / "broken", loop.fed(cut))
    assert len((tmp_path / "broken" / "log.csv").read_text("utf-8").splitlines()) == 2, "a head and one epoch"
    assert train(tmp_path / "broken", loop.fed(feed())) == whole


def test_keras_shuffling_batches_is_told_of_once():
    made = feed(batch_size=2)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        network().fit(made, epochs=2, verbose=0)
    said = [str(each.message) for each in told if "shuffle=False" in str(each.message)]
    assert len(said) == 1 and made.epoch == 2
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        network().fit(made, epochs=2, **IN_ORDER)
        made[7], made[3]
    assert not [each for each in told if "shuffle" in str(each.message)]
