"""The recipe trains as the paper says, alone or with others, from a folder to ten crops; on made pictures."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from augkit import backend, policy, safety, sources, tasks
from augkit.errors import UsageError
from augkit.feed import Feed
from augkit.plan import Plan
from models.presets import PRESETS
from recipes import evaluate, imagenet
from recipes.mean import mean_picture, middle
from recipes.runs import settings as given
from recipes.workers import ALONE, Workers
from tests.recipes import small_imagenet, textures

ROOT = Path(__file__).parents[2]
BACKEND = backend.choose()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    return small_imagenet.make(tmp_path_factory.mktemp("imagenet") / "pictures")


# A network whose answers depend on its pictures from the start, which the paper's own hardly do.
QUICK = ("network.preset=one-weird-trick", "train.epochs=2", "network.dropout=null")


@pytest.fixture(scope="module")
def trained(pictures, tmp_path_factory) -> Path:
    """Train for two epochs, less the mean picture."""
    return train(pictures, tmp_path_factory.mktemp("imagenet") / "run")


@pytest.fixture(scope="module")
def trained_by_channel(pictures, tmp_path_factory) -> Path:
    """Train for two epochs, less each colour's mean."""
    return train(pictures, tmp_path_factory.mktemp("imagenet") / "run", "mean=channel")


def train(pictures: Path, out: Path, *changes: str) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        narrow(patch)
        assert imagenet.main(small_imagenet.arguments(pictures, out, *QUICK, *changes)) == 0
    return out


def narrow(patch: pytest.MonkeyPatch) -> None:
    for name, spec in list(PRESETS.items()):
        dense = tuple(dataclasses.replace(one, units=64) for one in spec.dense)
        patch.setitem(PRESETS, name, dataclasses.replace(spec, dense=dense))


def history(run: Path) -> list[dict[str, float]]:
    """Read a run's log without its times."""
    with (run / "log.csv").open(encoding="utf-8") as file:
        return [
            {key: float(value) for key, value in row.items() if key != "seconds"}
            for row in csv.DictReader(file)
        ]


def test_a_run_leaves_its_network_its_mean_its_report_and_ten_crops(trained):
    names = {path.name for path in trained.iterdir()}
    assert {"settings.yaml", "best.keras", "last.keras", "mean.npy", "report.md", "ten-crops"} <= names
    result = json.loads((trained / "result.json").read_text("utf-8"))
    assert len(result["history"]) == 2 and np.sum(result["confusion"]) == 15
    assert result["settings"]["network"]["preset"] == "one-weird-trick"
    assert [row["rate"] for row in result["history"]] == [0.002, 0.002]
    # What is counted is the AlexNet that is kept, the mean is none of its parameters.
    assert result["parameters"] == 2_490_499


@pytest.mark.parametrize("mean", ["trained", "trained_by_channel"])
def test_the_network_that_is_kept_reads_one_crop_as_training_did(mean, request):
    """Training goes through windows and the layer, evaluation through crops of the whole square."""
    out = request.getfixturevalue(mean)
    result = json.loads((out / "result.json").read_text("utf-8"))
    scored = json.loads((out / "ten-crops/evaluation.json").read_text("utf-8"))
    assert scored["one"]["top1"] == pytest.approx(result["accuracy"])
    assert scored["one"]["loss"] == pytest.approx(result["history"][-1]["val_loss"], rel=1e-4)
    assert scored["ten"]["pictures"] == 15


def test_without_the_mean_the_network_that_is_kept_reads_otherwise(pictures, trained):
    """The test above would see a mean that one of them forgets."""
    scored = json.loads((trained / "ten-crops/evaluation.json").read_text("utf-8"))
    test = evaluate.squares(sources.load(pictures)["validation"], small_imagenet.CLASSES, 72)
    bare = evaluate.evaluate(evaluate.read_network(trained / "last.keras"), test, small_imagenet.CLASSES)
    assert abs(bare["one"].scores()["loss"] / scored["one"]["loss"] - 1) > 0.002, (
        "twenty times what may differ"
    )


def test_precision_momentum_and_decay_reach_what_is_trained(pictures, tmp_path, monkeypatch):
    built = []
    monkeypatch.setattr(imagenet, "fit", lambda training, build, *_, **__: built.append(build()))
    monkeypatch.setattr(imagenet, "_told", lambda *_: "")
    narrow(monkeypatch)
    changes = ("network.precision=mixed_bfloat16", "train.momentum=0.7", "train.decay=0.03", "mean=channel")
    assert imagenet.main(small_imagenet.arguments(pictures, tmp_path / "run", *changes)) == 0
    (model,) = built
    layers = {layer.name: layer.compute_dtype for layer in model.layers[-1].layers}
    assert {layers["conv1"], layers["fc6"]} == {"bfloat16"}
    assert model.get_layer("mean").compute_dtype == "float32"
    assert (model.optimizer.momentum, model.optimizer.decay) == (0.7, 0.03)
    assert backend.load().config.dtype_policy().name == "float32", "as it was before the run"


def test_a_finished_run_is_only_read(trained, pictures, monkeypatch, capsys):
    narrow(monkeypatch)
    monkeypatch.setattr("recipes.fit._train", None)
    others = (*QUICK, "train.threads=2", "train.processes=true")  # who makes batches decides nothing
    again = small_imagenet.arguments(pictures, trained, *others)
    assert imagenet.main(again) == 0
    assert "ten crops" in capsys.readouterr().out


def test_a_run_does_not_go_on_with_other_pictures(tmp_path, monkeypatch, capsys):
    narrow(monkeypatch)
    data = textures.make(tmp_path / "pictures", train=2, test=1)
    given = (f"policy={tmp_path / 'pictures/policy.yaml'}", "canvas=108", *QUICK, "train.epochs=1")
    call = small_imagenet.arguments(data, tmp_path / "run", *given)
    assert imagenet.main(call) == 0
    dots, rings, beside = data / "train/dots", data / "train/rings", data / "beside"
    dots.rename(beside)
    rings.rename(dots)
    beside.rename(rings)
    assert imagenet.main(call) == 2
    assert "the folder holds another run: seen was" in capsys.readouterr().err


def test_what_decides_a_run_has_its_rate_and_its_momentum(trained):
    held = json.loads((trained / "settings.json").read_text("utf-8"))
    assert (held["train"]["momentum"], held["train"]["rate"]["first"]) == (0.9, 0.002)
    assert not {"threads", "processes"} & set(held["train"])
    assert {split: each["pictures"] for split, each in held["seen"].items()} == {"train": 30, "test": 15}


def test_the_mean_is_that_of_the_squares_and_the_same_for_any_number_of_workers(
    pictures, trained, trained_by_channel
):
    train = sources.load(pictures)["train"]
    squares = np.concatenate([x for x, _ in evaluate.squares(train, small_imagenet.CLASSES, 72)])
    expected = squares.astype(np.float64).mean(axis=0)
    np.testing.assert_allclose(np.load(trained / "mean.npy"), expected, atol=1e-4)
    colours = np.load(trained_by_channel / "mean.npy")
    np.testing.assert_allclose(colours, expected.mean(axis=(0, 1), keepdims=True), atol=1e-3)

    @dataclasses.dataclass(frozen=True)
    class Third(Workers):
        def total(self, array):
            return array

    parts = [mean_picture(train, 72, workers=Third(rank, 3)) for rank in range(3)]
    np.testing.assert_allclose(sum(parts), expected, atol=1e-4)


def test_each_crop_loses_the_mean_of_its_own_place():
    """Crops at whole pixels, as the paper's are, some mirrored; and one between pixels."""
    from recipes.mean_layer import MeanSubtraction

    keras = backend.load()
    chance = np.random.default_rng(0)
    mean = chance.uniform(0, 255, (16, 12, 3)).astype(np.float32)
    seen = chance.integers(0, 256, (4, 8, 6, 3)).astype(np.uint8)
    places = [(0, 0, False), (8, 6, False), (3, 2, True)]
    edges = [(y, (x + 6, x) if mirrored else (x, x + 6)) for y, x, mirrored in places]
    windows = [(left / 12, y / 16, right / 12, (y + 8) / 16) for y, (left, right) in edges]
    windows.append((2.5 / 12, 4 / 16, 8.5 / 12, 12 / 16))
    made = MeanSubtraction(mean)([seen, np.array(windows, np.float32)])
    made = keras.ops.convert_to_numpy(made)
    for row, (y, x, mirrored) in enumerate(places):
        cut = mean[y : y + 8, x : x + 6]
        expected = seen[row] - (cut[:, ::-1] if mirrored else cut)
        np.testing.assert_allclose(made[row], expected, atol=2e-3)
    between = (mean[4:12, 2:8] + mean[4:12, 3:9]) / 2
    np.testing.assert_allclose(made[3], seen[3] - between, atol=2e-3)


def test_a_feed_of_one_picture_less_that_picture_is_nothing():
    """The feed's windows and the layer's reading agree to a fraction of a pixel."""
    from recipes.mean_layer import MeanSubtraction
    from tests.feed.test_windows import places

    keras = backend.load()
    text = small_imagenet.POLICY.replace("  - pca_colour: {sigma: [0.1, 0.1]}\n", "").replace(
        "natural", "none"
    )
    judged = safety.judge(policy.parse(text, "p.yaml"), tasks.load("none")).safe_policy()
    data = places(150, 100)["train"]
    feed = Feed(Plan(judged, ("a", "b"), seed=2), data, batch_size=12, windows=True)
    (seen, windows), _ = feed[0]
    left = keras.ops.convert_to_numpy(MeanSubtraction(mean_picture(data, 72))([seen, windows]))
    assert windows[:, 0].std() > 0.1
    assert np.abs(left[:, 2:-2, 2:-2]).max() < 2.5, "of slopes of 2.8 levels a pixel"


def test_the_middle_is_the_centre_crop_of_the_square(pictures):
    test = sources.load(pictures)["validation"]
    squares = np.concatenate([x for x, _ in evaluate.squares(test, small_imagenet.CLASSES, 72)])
    seen = np.concatenate([x for x, _ in middle(test, 72, 64, batch=4, threads=0)])
    difference = np.abs(seen.astype(int) - squares[:, 4:68, 4:68])
    assert difference.max() <= 1 and len(seen) == 15


def test_the_settings_are_the_paper_s():
    paper = given.load(imagenet.Settings, ROOT / "recipes/imagenet.yaml")
    assert (paper.canvas, paper.mean, paper.network.preset, paper.train.batch) == (256, "pixel", "paper", 128)
    assert (paper.train.momentum, paper.train.decay, paper.train.epochs) == (0.9, 5e-4, 90)
    rate = paper.train.rate
    assert (rate.falls, rate.first, rate.divide, rate.times) == ("plateau", 0.01, 10, 3)
    assert paper.network.dropout is None and paper.network.precision == "float32"
    modern = given.load(imagenet.Settings, ROOT / "recipes/imagenet-modern.yaml")
    assert (modern.network.preset, modern.mean, modern.train.rate.falls) == ("batchnorm", "none", "cosine")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("network.preset=papers", "network.preset: got 'papers', want one of paper, single-tower"),
        ("data.test=test", "no split 'test', only train, validation"),
        ("data.train=training", "no split 'training', only train, validation"),
        ("train.batch=64", "got 30 pictures to train on, want a batch of 64 at least"),
        ("canvas=60", "want a square of at most 60"),
        ("mean=median", "mean"),
        ("network.precision=float8", "network.precision"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_the_way_out(pictures, tmp_path, capsys, change, said):
    assert imagenet.main(small_imagenet.arguments(pictures, tmp_path / "run", change)) == 2
    assert said in capsys.readouterr().err


def test_a_policy_that_turns_pictures_leaves_them_no_place_in_the_mean(pictures, tmp_path, capsys):
    turned = small_imagenet.POLICY.replace("steps:", "steps:\n  - rotate: {degrees: [-3, 3]}")
    (tmp_path / "turned.yaml").write_text(turned, encoding="utf-8")
    call = small_imagenet.arguments(pictures, tmp_path / "run", f"policy={tmp_path / 'turned.yaml'}")
    assert imagenet.main(call) == 2
    assert "--set mean=channel" in capsys.readouterr().err


def test_a_preset_for_other_pictures_is_refused(pictures, tmp_path, capsys):
    """The one for digits takes up to 64 pixels."""
    wide = small_imagenet.POLICY.replace("{width: 64, height: 64}", "{width: 70, height: 70}")
    (tmp_path / "wide.yaml").write_text(wide, encoding="utf-8")
    changes = (f"policy={tmp_path / 'wide.yaml'}", "network.preset=digits")
    assert imagenet.main(small_imagenet.arguments(pictures, tmp_path / "run", *changes)) == 2
    assert "wants sides of 28 to 64 pixels" in capsys.readouterr().err


def test_pictures_of_another_size_than_the_preset_s_are_said_to_make_another_network(
    pictures, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(imagenet, "fit", lambda *_, **__: None)
    monkeypatch.setattr(imagenet, "_told", lambda *_: "")
    assert imagenet.main(small_imagenet.arguments(pictures, tmp_path / "run", "network.preset=caffenet")) == 0
    said = capsys.readouterr().err
    assert "pictures of 64 x 64, and the preset 'caffenet' is made for 227 x 227" in said
    assert "alexnet-2012-227.yaml" in said
    shape = dataclasses.replace(PRESETS["caffenet"], input_shape=(64, 64, 3))
    monkeypatch.setitem(PRESETS, "caffenet", shape)
    assert imagenet.main(small_imagenet.arguments(pictures, tmp_path / "run", "network.preset=caffenet")) == 0
    assert not capsys.readouterr().err


def test_the_split_to_test_on_is_found_and_a_source_without_one_is_divided(pictures, tmp_path):
    def data(*changes):
        return imagenet._data(given.load(imagenet.Settings, ROOT / "recipes/imagenet.yaml", changes))

    given_apart = data(f"data.source=folder:{pictures}")
    assert {split: len(part) for split, part in given_apart.items()} == {"train": 30, "test": 15}
    whole = f"data.source=folder:{pictures / 'train'}"
    divided = data(whole, "data.split=80/20")
    assert {split: len(part) for split, part in divided.items()} == {"train": 24, "test": 6}
    with pytest.raises(UsageError, match="no split 'test', only train") as caught:
        data(whole)
    assert "--set data.split=90/10" in caught.value.fix
    with pytest.raises(UsageError, match="no split 'val', only train, test") as caught:
        data(whole, "data.split=80/20", "data.test=val")
    assert "data.split" not in caught.value.fix


def test_workers_share_a_batch_evenly_or_not_at_all():
    Workers(count=2, devices=4).check(16)
    with pytest.raises(Exception, match="batches of 12, which 8 workers cannot share evenly"):
        Workers(count=2, devices=4).check(12)
    assert ALONE.first and ALONE.part == (0, 1) and not Workers(rank=1, count=2).first


def run(pictures: Path, out: Path, *words: str, launcher: tuple[str, ...] = ("-m",), **env: str) -> int:
    """Run the recipe in processes of its own; return the exit code."""
    call = [sys.executable, *launcher, "tests.recipes.small_imagenet", str(pictures), str(out), *words]
    done = subprocess.run(call, cwd=ROOT, env={**os.environ, "KERAS_BACKEND": BACKEND, **env}, check=False)
    return done.returncode


OTHERS = {
    # a run that one worker began goes on with these
    "torch": {"launcher": ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")},
    "jax": {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"},
    "tensorflow": {},
}


@pytest.mark.slow
def test_a_killed_run_goes_on_with_other_workers_to_the_history_of_one_left_alone(pictures, tmp_path):
    """The batch is that of all workers together, so without dropout their number does not show."""
    # A network that moves far in few steps: the paper's own hardly does.
    how = ("network.preset=one-weird-trick", "train.rate.first=0.0003")
    assert run(pictures, tmp_path / "alone", *how) == 0
    assert run(pictures, tmp_path / "killed", "1", *how) == -9
    assert len(history(tmp_path / "killed")) == 1
    assert run(pictures, tmp_path / "killed", *how, "train.threads=2", **OTHERS[BACKEND]) == 0
    whole, resumed = history(tmp_path / "alone"), history(tmp_path / "killed")
    assert len(whole) == len(resumed) == 3
    for one, other in zip(whole, resumed, strict=True):
        assert one == pytest.approx(other, rel=1e-4)
    assert abs(whole[-1]["val_loss"] / whole[0]["val_loss"] - 1) > 0.002, "nothing moved"


@pytest.mark.slow
def test_the_modern_network_learns_which_way_stripes_run_in_half_precision(tmp_path, monkeypatch):
    narrow(monkeypatch)
    data = small_imagenet.make(tmp_path / "pictures", train=32, test=12)
    changes = ("network.preset=batchnorm", "mean=none", "train.batch=16", "train.epochs=8")
    rate = "train.rate={falls: cosine, first: 0.01, divide: 10, times: 3, patience: 5}"
    call = small_imagenet.arguments(
        data, tmp_path / "run", *changes, rate, "network.precision=mixed_bfloat16"
    )
    assert imagenet.main(call) == 0
    result = json.loads((tmp_path / "run/result.json").read_text("utf-8"))
    assert result["accuracy"] > 0.8
    assert result["history"][-1]["loss"] < 0.5 * result["history"][0]["loss"]


@pytest.fixture(scope="module")
def ten_classes(tmp_path_factory) -> Path:
    return textures.make(tmp_path_factory.mktemp("textures") / "pictures", train=24, test=10)


# settings that ship, what is changed for 240 pictures in place of a million, and what is then read at least
LEARNED = {
    "as the paper has it": (
        "imagenet.yaml", 0.25, "network.preset=one-weird-trick", "train.batch=16", "train.epochs=8",
        "train.rate.first=0.003",
    ),
    "as one would today": (
        "imagenet-modern.yaml", 0.5, "train.batch=24", "train.epochs=6", "train.rate.first=0.01",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNED)
def test_networks_of_full_width_learn_ten_textures_from_two_dozen_of_each(name, ten_classes, tmp_path):
    """Chance reads one in ten. The paper's own first weights are too small to move in so few steps."""
    file, least, *changes = LEARNED[name]
    given = [f"data.source=folder:{ten_classes}", f"policy={ten_classes / 'policy.yaml'}", "canvas=108"]
    given += ["train.threads=1", "train.rate.falls=cosine", "network.precision=float32", *changes]
    words = [word for change in given for word in ("--set", change)]
    settings = str(ROOT / "recipes" / file)
    assert imagenet.main(["--settings", settings, "--out", str(tmp_path / "run"), *words]) == 0
    result = json.loads((tmp_path / "run/result.json").read_text("utf-8"))
    scored = json.loads((tmp_path / "run/ten-crops/evaluation.json").read_text("utf-8"))
    read = (result["accuracy"], scored["one"]["top1"], scored["ten"]["top1"])
    losses = [row["loss"] for row in result["history"]]
    assert min(read) > least
    assert losses[-1] < 0.85 * losses[0]
