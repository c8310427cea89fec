"""The digits recipe: folds that deal every picture once, runs that go on, and mistakes told in two lines."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from datasets import concatenate_datasets

from augkit import backend, sources
from augkit.errors import SourceError, UnsafePolicyError, UsageError
from augkit.sources import records
from recipes import digits, fit, pictures
from recipes.runs import settings

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "recipes/digits.yaml"
CLASSES = tuple("0123456789")


def write(folder: Path, each: int, side: int = 28, classes=CLASSES, seed: int = 0) -> Path:
    """Write a folder of class folders: noise, brighter from class to class."""
    random = np.random.default_rng(seed)
    for level, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(each):
            picture = random.integers(0, 60, (side, side)) + 19 * level
            data = cv2.imencode(".png", picture.astype(np.uint8))[1].tobytes()
            (folder / name / f"{i}.png").write_bytes(data)
    return folder


def small(network, shape, classes, how, steps, seed):
    """Build what takes the place of AlexNet where a test is of something else."""
    keras = backend.load()
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dropout(0.3)]
    model = keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(classes)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(how.rate), loss, metrics=["accuracy"])
    return model


def held(*changes: str) -> digits.Settings:
    return settings.load(digits.Settings, SHIPPED, ["train.epochs=2", "train.batch=8", *changes])


def log(run: Path) -> list[dict[str, str]]:
    with (run / "log.csv").open(encoding="utf-8") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_folds_test_every_picture_once_and_train_on_the_others(tmp_path):
    data = sources.load(write(tmp_path / "d", 10))
    parts = pictures.folds(data, 5, seed=0)
    every = set(records.keys(data["train"]))
    tested = [set(records.keys(part["test"])) for part in parts]
    assert set.union(*tested) == every and sum(map(len, tested)) == len(every) == 100
    for part, keys in zip(parts, tested, strict=True):
        assert set(records.keys(part["train"])) == every - keys
        assert np.bincount(records.labels(part["test"])).tolist() == [2] * 10
    again = [set(records.keys(part["test"])) for part in pictures.folds(data, 5, seed=1)]
    assert again != tested


def test_equal_pictures_stand_in_one_fold(tmp_path):
    folder = write(tmp_path / "d", 6)
    for name in CLASSES:
        (folder / name / "twin.png").write_bytes((folder / name / "0.png").read_bytes())
    for part in pictures.folds(sources.load(folder), 3, seed=0):
        keys = set(records.keys(part["test"]))
        for name in CLASSES:
            pair = {key for key in keys if key.startswith(f"{name}/") and Path(key).stem in ("0", "twin")}
            assert len(pair) in (0, 2), pair


def test_a_source_that_is_split_already_has_no_folds(tmp_path):
    write(tmp_path / "d" / "train", 2)
    write(tmp_path / "d" / "test", 1)
    with pytest.raises(UsageError, match=r"split already \(.*test.*\)") as caught:
        pictures.folds(sources.load(tmp_path / "d"), 5, seed=0)
    assert "data.folds=null" in caught.value.fix


def test_more_folds_than_pictures_are_refused(tmp_path):
    with pytest.raises(SourceError, match="leaves some empty"):
        pictures.folds(sources.load(write(tmp_path / "d", 1)), 11, seed=0)


def test_what_is_kept_out_to_be_watched_is_not_trained_on(tmp_path):
    (first, *_) = pictures.folds(sources.load(write(tmp_path / "d", 10)), 5, seed=0)
    parts = pictures.kept_out(first, 0.25, seed=0)
    names = {split: set(records.keys(part)) for split, part in parts.items()}
    assert {split: len(keys) for split, keys in names.items()} == {"train": 60, "validation": 20, "test": 20}
    assert not names["train"] & names["validation"]
    assert names["train"] | names["validation"] == set(records.keys(first["train"]))


def test_another_picture_pixel_or_label_is_another_data_set_and_another_folder_is_not(tmp_path):
    data = sources.load(write(tmp_path / "d", 2))["train"]
    same = pictures.digest(data)
    assert same == pictures.digest(concatenate_datasets([data.select(range(9)), data.select(range(9, 20))]))
    assert same == pictures.digest(sources.load(write(tmp_path / "e", 2))["train"])
    assert same != pictures.digest(data.select(range(19)))
    assert same != pictures.digest(data.map(lambda row: {"label": (row["label"] + 1) % 10}))
    picture = tmp_path / "e" / "3" / "1.png"
    picture.write_bytes((tmp_path / "e" / "3" / "0.png").read_bytes())
    assert same != pictures.digest(sources.load(tmp_path / "e")["train"])


def test_a_policy_is_a_file_or_one_that_ships_and_is_judged():
    assert pictures.policy_file("digits.yaml") == ROOT / "recipes/policies/digits.yaml"
    with pytest.raises(UsageError, match="no such policy") as caught:
        pictures.policy_file("digit.yaml")
    assert caught.value.fix == "did you mean digits.yaml?"
    with pytest.raises(UnsafePolicyError):
        pictures.plan("digits-unsafe.yaml", None, CLASSES, seed=0)
    let = pictures.plan("digits-unsafe.yaml", "none", CLASSES, seed=0)
    assert let.safe.task.survives_everything
    guarded = pictures.plan("digits-unsafe.yaml", None, CLASSES, seed=0, on_unsafe="relabel")
    assert guarded.policy.on_unsafe == "relabel"
    assert pictures.plan(None, None, CLASSES, seed=0).policy.steps == ()


@pytest.mark.thorough
def test_folds_are_trained_reported_and_done_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(digits, "build", small)
    source = write(tmp_path / "d", 12)
    given = held(f"data.source={source}", "data.folds=2", "train.rate=0.05", "train.epochs=4")
    said = digits.run(given, tmp_path / "out")
    assert "% of 120 pictures read correctly" in said
    page = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "| fold 1 | 60 |" in page and "| fold 2 | 60 |" in page
    assert (tmp_path / "out" / "confusion.png").exists()
    results = [
        json.loads((tmp_path / "out" / f"fold-{n}" / "result.json").read_text("utf-8")) for n in (1, 2)
    ]
    total = sum(np.array(result["confusion"]) for result in results)
    assert total.sum(axis=1).tolist() == [12] * 10
    assert f"{100 * np.trace(total) / 120:.2f} %" in said
    assert len({result["settings"]["test"] for result in results}) == 2

    monkeypatch.setattr(digits, "build", None)
    assert digits.run(given, tmp_path / "out") == said


@pytest.mark.thorough
def test_a_run_broken_in_an_epoch_goes_on_with_the_same_pictures(tmp_path, monkeypatch):
    """The feed draws other pictures in each epoch; after a power cut it draws those of that epoch again."""
    monkeypatch.setattr(digits, "build", small)
    given = held(f"data.source={write(tmp_path / 'd', 8)}", "data.folds=2", "data.fold=1", "train.epochs=3")
    digits.run(given, tmp_path / "whole")

    whole = fit._epoch

    def cut(keras, model, seed, epoch, data, *others):
        if epoch == 2:
            for i in range(3):
                data["x"][i]
            raise RuntimeError("power")
        return whole(keras, model, seed, epoch, data, *others)

    monkeypatch.setattr(fit, "_epoch", cut)
    with pytest.raises(RuntimeError, match="power"):
        digits.run(given, tmp_path / "cut")
    monkeypatch.setattr(fit, "_epoch", whole)
    digits.run(given, tmp_path / "cut")
    assert len(log(tmp_path / "cut" / "fold-1")) == 3
    assert log(tmp_path / "cut" / "fold-1") == log(tmp_path / "whole" / "fold-1")


def test_patience_ends_a_run_by_pictures_that_are_neither_trained_on_nor_tested(tmp_path, monkeypatch):
    monkeypatch.setattr(digits, "build", small)
    changes = ["data.folds=2", "data.fold=2", "data.watch=0.2", "train.patience=1", "train.epochs=50"]
    digits.run(held(f"data.source={write(tmp_path / 'd', 10)}", "train.rate=0.5", *changes), tmp_path / "out")
    rows = log(tmp_path / "out" / "fold-2")
    errors = [1 - float(row["val_accuracy"]) for row in rows]
    assert len(rows) < 50
    assert errors[-1] >= min(errors[:-1])
    page = (tmp_path / "out" / "fold-2" / "report.md").read_text(encoding="utf-8")
    assert "the test pictures had no part in choosing it" in page


def test_the_network_takes_pictures_as_they_are_and_is_found_in_a_file(tmp_path):
    keras = backend.load()
    given = held()
    network = digits.Network("digits", 0.25)
    model = digits.build(network, (28, 28, 1), 10, given.train, 5, 0)
    assert model.count_params() == 231_562
    model.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras", compile=False)
    x = np.random.default_rng(0).integers(0, 256, (2, 28, 28, 1)).astype(np.uint8)
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5, atol=1e-5)
    assert model.layers[0].name == "scale"
    drops = [model.get_layer(name) for name in ("drop6", "drop7")]  # where dropout is found to be seeded
    assert [drop.rate for drop in drops] == [0.25, 0.25]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["train.patience=3"], "train.patience needs pictures that are not tested on: set data.watch"),
        (["data.fold=6"], "data: got fold 6 of 5"),
        (["data.folds=null", "data.fold=1"], "got fold 1 of none"),
        (["data.folds=1"], "got 1 fold, want 2 or more, or null"),
        (["network.preset=digit"], "--set network.preset=digit: network.preset: got 'digit', want one of"),
        (["network.dropout=1"], "want a number from 0 and below 1"),
        (["data.watch=1"], "leaves nothing to train on"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(changes, said):
    with pytest.raises(UsageError) as caught:
        held(*changes)
    assert said in str(caught.value)


def test_a_preset_that_takes_larger_pictures_is_told(tmp_path):
    given = held(f"data.source={write(tmp_path / 'd', 4)}", "data.folds=2", "network.preset=paper")
    with pytest.raises(UsageError, match="wants sides of 63 to 1024"):
        digits.run(given, tmp_path / "out")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recipes.digits", *arguments], cwd=ROOT, capture_output=True, text=True
    )


def test_help_says_question_data_policy_result_and_cost():
    done = command("--help")
    assert done.returncode == 0
    for word in ("Question:", "Data:", "Policy:", "Result:", "Cost:", "Command:", "--set"):
        assert word in done.stdout


@pytest.mark.parametrize(
    "mistake", ["policy=nothere.yaml", "policy=digits-unsafe.yaml", "network.preset=paper"]
)
def test_the_command_without_its_mistake_takes_the_same_folder(tmp_path, capsys, mistake):
    given = ["data.folds=2", "data.fold=1", "train.epochs=1", "train.steps=1", "train.batch=8", "policy=null"]
    given = [f"data.source={write(tmp_path / 'd', 4)}", *given]
    words = ["--out", str(tmp_path / "out"), *(word for change in given for word in ("--set", change))]
    assert digits.main([*words, "--set", mistake]) in (1, 2)
    assert (tmp_path / "out" / "settings.yaml").exists()
    assert digits.main(words) == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    capsys.readouterr()
    assert digits.main([*words, "--set", "train.batch=4"]) == 2
    assert "train.batch was 8 and is now 4" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}


def test_a_mistake_is_told_in_two_lines_and_no_traceback(tmp_path):
    done = command("--set", "train.epoch=3", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "--set train.epoch=3: train.epoch: got 'epoch', want one of batch, epochs, patience, rate, steps",
        "  fix: did you mean epochs?",
    ]
    assert not (tmp_path / "out").exists()
    gone = command("--set", f"data.source={tmp_path / 'nowhere'}", "--out", str(tmp_path / "out"))
    assert gone.returncode == 3
    assert "there is no such source" in gone.stderr


def test_settings_are_shown_and_what_is_shown_is_taken(tmp_path):
    shown = command("--show", "--set", "train.epochs=7")
    (tmp_path / "mine.yaml").write_text(shown.stdout, encoding="utf-8")
    assert settings.load(digits.Settings, tmp_path / "mine.yaml").train.epochs == 7
    again = command("--show", "--settings", str(tmp_path / "mine.yaml"))
    assert again.stdout == shown.stdout
