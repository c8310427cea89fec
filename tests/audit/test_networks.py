"""Real networks, tiny ones: somebody's own reads in place of ours, and ours find what is planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from datasets import DatasetDict

from augkit import backend, policy, safety, store, tasks
from augkit.audit import Effort, Request, arms, audit, made, network
from augkit.audit import pictures as reading
from augkit.errors import UsageError
from augkit.plan import Plan
from tests.audit.glyphs import SIDE, data, glyphs

MIRRORING = "version: 1\ntask: none\nsteps: [flip_horizontal]\n"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a small network on letters as shares of 255, as people do, and save it."""
    keras = backend.load()
    keras.utils.set_random_seed(1)
    pictures, labels, _ = glyphs(100, seed=5)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            layers.Flatten(),
            layers.Dense(24, activation="tanh"),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(pictures / 255.0, labels, batch_size=50, epochs=20, verbose=0)
    path = tmp_path_factory.mktemp("oracle") / "letters.keras"
    model.save(path)
    return path


@pytest.mark.thorough
def test_somebodys_network_reads_in_place_of_the_clean_one(saved: Path, tmp_path: Path) -> None:
    request = Request(
        source="letters",
        sweeps=("mirrored",),
        at={"mirrored": (0.0,)},
        effort=Effort(
            clean=10**9, turned=3000, taught=3000
        ),  # that much training of a clean one would not end
        oracle=str(saved),
    )
    found = audit(data(*glyphs()), request, tmp_path)
    assert found.reader == str(saved)
    assert all(clean.seen > 0.9 for clean, _ in found.upright.values())
    verdicts = {label: found.at("mirrored", 0, label).verdict for label in found.classes}
    assert verdicts["T"] == verdicts["+"] == "keeps"
    assert "becomes" in {verdicts["L"], verdicts["J"]} <= {"becomes", "unsure"}
    assert all(found.at("mirrored", 0, label).reads.seen > 0.9 for label in "LJ")


def test_somebodys_probabilities_are_read_as_such_whatever_range_their_network_wants(saved: Path) -> None:
    pictures, labels, _ = glyphs(20)
    reader = network.oracle(saved, pictures, labels, 4)
    assert not reader.logits
    assert (reader.read(pictures).argmax(axis=1) == labels).mean() > 0.9
    assert np.allclose(reader.read(pictures).sum(axis=1), 1, atol=1e-5)


def test_a_network_of_other_pictures_or_classes_is_refused(saved: Path) -> None:
    pictures, labels, _ = glyphs(20)
    with pytest.raises(UsageError, match="takes pictures of 12×12×1, and these are 10×10×1"):
        network.oracle(saved, pictures[:, 1:-1, 1:-1], labels, 4)
    with pytest.raises(UsageError, match="knows 4 classes, and the data have 5"):
        network.oracle(saved, pictures, labels, 5)


@pytest.mark.thorough
def test_a_real_network_trained_with_mirrors_loses_letters_that_are_mirror_twins() -> None:
    whole = reading.read(data(*glyphs(100)), most=1000)
    place = reading.folds(whole, 2, 0)
    found = arms.fold(whole, place, 0, policy.parse(MIRRORING), None, 0, epochs=20)
    labels = whole.labels[found.rows]
    twins = labels < 2  # L and J
    assert found.upright.mean() > 0.95
    assert found.changed[:, twins].mean() < 0.1 and found.changed[:, ~twins].mean() > 0.9
    assert found.trained[twins].mean() < 0.1 and found.trained[~twins].mean() > 0.9


@pytest.mark.thorough
def test_real_networks_dispute_wrong_labels_of_a_made_data_set_worst_first(tmp_path: Path) -> None:
    pictures, labels, classes = glyphs(120)
    wrong = np.flatnonzero(labels == classes.index("T"))[:2]
    labels[wrong] = classes.index("+")
    keys = {f"+-{number}" for number in wrong.tolist()}
    steps = "version: 1\ntask: none\nsteps: [brightness: {shift: [-0.05, 0.05]}]\n"
    safe = safety.judge(policy.parse(steps), tasks.load("none")).safe_policy()
    whole = DatasetDict(train=data(pictures, labels, classes)["train"])
    store.generate(Plan(safe, classes, 0, 1), whole, tmp_path / "out")
    found = made.audit(str(tmp_path / "out"), tmp_path / "audit", folds=2)
    disputed = [one for one in found.disputed if one.both]
    assert keys & {one.source for one in disputed}
    assert (disputed[0].source in keys, disputed[0].label, disputed[0].reads) == (True, "+", "T")
    assert len({one.source for one in disputed} - keys) <= 2
    assert [one.probability for one in disputed] == sorted(
        (one.probability for one in disputed), reverse=True
    )
    assert not found.ok
