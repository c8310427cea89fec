"""The rate falls when the error stalls, three times, and the same for a run that was killed."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from augkit import backend
from augkit.errors import UsageError
from recipes.fit import Training, fit
from recipes.plateau import Plateau, falling
from tests.recipes.arrays import shuffled

QUICK = Plateau(patience=2)


def rates(errors, plateau: Plateau = QUICK) -> list[float]:
    """Return the rate of every epoch, and of the one that would come next."""
    return [round(plateau.rate(errors[:n]), 9) for n in range(len(errors) + 1)]


def test_the_rate_stays_while_the_error_falls():
    assert set(rates([0.9, 0.8, 0.7, 0.6, 0.5])) == {0.01}


def test_the_rate_is_divided_by_ten_when_the_error_stalls_and_waits_anew():
    assert rates([0.9, 0.8, 0.8, 0.85, 0.7, 0.7, 0.69]) == [0.01] * 4 + [0.001] * 4
    assert rates([0.5, 0.5, 0.5, 0.5, 0.5]) == [0.01] * 3 + [0.001] * 2 + [0.0001]


def test_the_rate_falls_three_times_and_training_ends_at_the_fourth_stall():
    errors = [0.5] * 20
    found = rates(errors)
    assert list(dict.fromkeys(found)) == [0.01, 0.001, 0.0001, 0.00001]
    assert found[-1] == 0.00001
    assert next(n for n in range(20) if QUICK.done(errors[:n])) == 9
    assert not QUICK.done([0.9, 0.8])


def test_an_error_that_falls_by_next_to_nothing_does_not_stall():
    assert rates([0.5, 0.499, 0.498])[-1] == 0.01


@pytest.mark.parametrize("wrong", [{"first": 0}, {"divide": 1}, {"times": -1}, {"patience": 0}])
def test_what_makes_no_rate_that_falls_is_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Plateau(**wrong)


class Power(Exception):
    """Stands for a power cut."""


def network(seen: list[float]):
    keras = backend.load()
    model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.5), loss, metrics=["accuracy"])
    whole = model.fit

    def watched(**arguments):
        seen.append(round(float(model.optimizer.learning_rate), 7))
        return whole(**arguments)

    model.fit = watched
    return model


def train(run, seen: list[float], broken: int | None = None) -> list[dict[str, str]]:
    """Train on labels that are noise, so that the error stalls; return the log without its times."""
    random = np.random.default_rng(0)
    x, y = random.integers(0, 256, (24, 2, 2, 1)).astype(np.uint8), random.integers(0, 2, 24)
    whole = shuffled(x, y, batch=4, steps=2, seed=3)

    def feed(epoch: int):
        if epoch == broken:
            raise Power
        return whole(epoch)

    training = Training(title="noise", classes=("a", "b"), epochs=8, steps=2, seed=3, settings={})
    test = (np.zeros((6, 2, 2, 1), np.float32), np.array([0, 1] * 3))
    fit(training, lambda: network(seen), feed, test, run, rate=falling(Plateau(first=0.02, patience=2)))
    with (run / "log.csv").open(encoding="utf-8") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_the_loop_trains_at_the_rate_and_a_killed_run_goes_on_at_it(tmp_path):
    seen: list[float] = []
    log = train(tmp_path / "whole", seen)
    # The test pictures are blank: half are right whatever is learnt, and every second epoch is a stall.
    assert seen == [0.02] * 3 + [0.002] * 2 + [0.0002] * 2 + [0.00002]
    assert [float(row["rate"]) for row in log] == pytest.approx(seen)
    with pytest.raises(Power):
        train(tmp_path / "killed", [], broken=5)
    again: list[float] = []
    assert train(tmp_path / "killed", again) == log
    assert again == seen[5:]
