"""The ten-crop test takes the paper's ten crops, averages what it should, and writes what it found."""

from __future__ import annotations

import csv
import json
import zipfile

import cv2
import numpy as np
import pytest

from augkit import backend, sources
from augkit.errors import UsageError
from recipes import evaluate
from recipes.evaluate import Scale, ten_crops

CANVAS, CROP = 16, 14


def network(data_format: str = "channels_last", logits: bool | str = True, channels: int = 3):
    """Make a network that tells by where it is bright; it ends in logits, a softmax, or that as a "layer"."""
    keras = backend.load()
    shape = (CROP, CROP, channels) if data_format == "channels_last" else (channels, CROP, CROP)
    inputs = keras.Input(shape)
    x = keras.layers.Flatten(data_format=data_format)(inputs)
    end = "softmax" if logits is False else None
    x = keras.layers.Dense(3, activation=end)(x)
    model = keras.Model(inputs, keras.layers.Softmax()(x) if logits == "layer" else x)
    random = np.random.default_rng(5)
    model.set_weights([random.normal(size=w.shape, scale=0.002) for w in model.get_weights()])
    return model


def pictures(count: int = 5, channels: int = 3, seed: int = 0):
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (count, CANVAS, CANVAS, channels)).astype(np.uint8)
    return noise, random.integers(0, 3, count)


def by_hand(model, picture: np.ndarray, places, data_format: str) -> np.ndarray:
    """Average the probabilities of crops, cut and mirrored one by one."""
    weights, bias = (np.asarray(w, np.float64) for w in model.get_weights())
    total = np.zeros(3)
    for y, x, mirrored in places:
        crop = picture[y : y + CROP, x : x + CROP]
        crop = crop[:, ::-1] if mirrored else crop
        powers = np.exp(crop.astype(np.float64).reshape(-1) @ weights + bias)
        total += powers / powers.sum()
    return total / len(places)


PLACES = [(y, x, m) for y, x in ((0, 0), (0, 2), (2, 0), (2, 2), (1, 1)) for m in (False, True)]


def test_the_ten_crops_are_corners_and_centre_and_each_mirrored():
    rows, columns = np.mgrid[:9, :8]
    crops = ten_crops(np.stack([rows, columns], axis=-1)[None], 6, 4)
    assert crops.shape == (1, 10, 6, 4, 2)
    assert crops[0, :5, 0, 0].tolist() == [[0, 0], [0, 4], [3, 0], [3, 4], [1, 2]]
    assert crops[0, 5:, 0, 0].tolist() == [[0, 3], [0, 7], [3, 3], [3, 7], [1, 5]]
    assert crops[0, 5:, -1, -1].tolist() == [[5, 0], [5, 4], [8, 0], [8, 4], [6, 2]]


def test_crops_larger_than_pictures_are_refused():
    with pytest.raises(UsageError, match="cannot take 9 x 4"):
        ten_crops(np.zeros((1, 8, 8, 3)), 9, 4)


@pytest.mark.parametrize("logits", [True, False, "layer"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_one_crop_is_the_centre_and_ten_are_averaged_probabilities(data_format, logits):
    model = network(data_format, logits)
    x, y = pictures()
    tallies = evaluate.evaluate(model, [(x[:3], y[:3]), (x[3:], y[3:])], "abc")
    for crops, places in (("one", [(1, 1, False)]), ("ten", PLACES)):
        expected = np.stack([by_hand(model, picture, places, data_format) for picture in x])
        found = tallies[crops].scores()
        assert found["pictures"] == 5
        assert found["loss"] == pytest.approx(-np.log(expected[np.arange(5), y]).mean(), rel=1e-4)
        assert np.array_equal(
            np.argwhere(tallies[crops].confusion), np.unique(np.stack([y, expected.argmax(1)], 1), axis=0)
        )
    assert tallies["one"].scores()["loss"] != pytest.approx(tallies["ten"].scores()["loss"], rel=1e-3)


def test_a_mean_of_every_pixel_is_subtracted_at_each_crop_s_own_place():
    """A picture that is its own mean leaves zeros, so only the bias speaks."""
    model = network()
    x, y = pictures(1)
    found = evaluate.evaluate(model, [(x, y)], "abc", Scale(mean=x[0])).pop("ten").scores()
    bias = model.get_weights()[1].astype(np.float64)
    assert found["loss"] == pytest.approx(np.log(np.exp(bias).sum()) - bias[y[0]], rel=1e-5)


def test_pictures_become_what_the_network_was_trained_on():
    x = np.array([[[[10, 20, 30]]]], dtype=np.uint8)
    assert Scale([1, 2, 3], 2)(x).tolist() == [[[[4.5, 9.0, 13.5]]]]
    for wrong in ([1, 2], np.zeros((2, 1, 3)), np.zeros((2, 1, 1, 3))):
        with pytest.raises(UsageError, match="mean: got numbers of shape"):
            Scale(wrong)(x)


def test_a_grey_picture_is_shown_in_colours_and_a_coloured_one_is_not_made_grey():
    x, y = pictures(channels=1)
    tallies = evaluate.evaluate(network(), [(x, y)], "abc")
    same = evaluate.evaluate(network(), [(np.repeat(x, 3, axis=-1), y)], "abc")
    assert tallies["ten"].scores() == same["ten"].scores()
    with pytest.raises(UsageError, match="wants 1 channel"):
        evaluate.evaluate(network(channels=1), [pictures()], "abc")


def test_other_classes_than_the_network_s_are_refused():
    with pytest.raises(UsageError, match="tells 3 classes, but the data has 2"):
        evaluate.evaluate(network(), [pictures()], "ab")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Hold a folder of three classes: each its own colour in the middle, and another at the ends."""
    root = tmp_path_factory.mktemp("pictures")
    for level, name in enumerate("abc"):
        (root / "test" / name).mkdir(parents=True)
        for i in range(3):
            picture = np.full((40 + 8 * i, 90 - 8 * i, 3), 255, dtype=np.uint8)
            middle = (picture.shape[1] - picture.shape[0]) // 2
            picture[:, middle:-middle] = 40 + 50 * level
            cv2.imwrite(str(root / "test" / name / f"{i}.png"), picture)
    return root


def test_the_middle_square_is_what_is_left_of_a_picture(folder):
    data = sources.load(folder)
    batches = list(evaluate.squares(data["test"], "abc", CANVAS, batch=4))
    assert [len(labels) for _, labels in batches] == [4, 4, 1]
    found = np.concatenate([x for x, _ in batches])
    assert found.shape == (9, CANVAS, CANVAS, 3)
    for picture, label in zip(found, np.concatenate([y for _, y in batches]), strict=True):
        assert np.abs(picture[:, 1:-1].astype(int) - (40 + 50 * label)).max() <= 1


def test_the_command_writes_scores_tables_and_a_page(folder, tmp_path, capsys):
    network().save(tmp_path / "net.keras")
    said = [str(tmp_path / "net.keras"), str(folder), "--divide", "255", "--out", str(tmp_path / "out")]
    assert evaluate.main([*said, "--canvas", str(CANVAS)]) == 0
    out = capsys.readouterr().out
    assert "top 1" in out and "one crop" in out and "ten crops" in out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "evaluation.json",
        "evaluation.md",
        "classes.csv",
        "confusion-one.csv",
        "confusion-ten.csv",
    }
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    assert found["one"]["pictures"] == found["ten"]["pictures"] == 9
    assert found["crop"] == [CROP, CROP]
    with (tmp_path / "out" / "confusion-ten.csv").open(encoding="utf-8") as file:
        assert sum(int(n) for row in list(csv.reader(file))[1:] for n in row[1:]) == 9
    assert out.split("\n\n")[0] in (tmp_path / "out" / "evaluation.md").read_text(encoding="utf-8")
    assert evaluate.main(said) == 2
    assert "something is there already" in capsys.readouterr().err


def test_what_cannot_be_evaluated_is_said_without_a_traceback(folder, tmp_path, capsys):
    (tmp_path / "net.keras").write_text("no network", encoding="utf-8")
    out = ["--out", str(tmp_path / "out")]
    assert evaluate.main([str(tmp_path / "net.keras"), str(folder), *out]) == 3
    assert "net.keras: no network that can be read" in capsys.readouterr().err
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("letter.txt", "no network")
    assert evaluate.main([str(tmp_path / "net.keras"), str(folder), *out]) == 3
    assert "net.keras: no network that can be read" in capsys.readouterr().err
    assert evaluate.main([str(tmp_path / "none.keras"), str(folder), *out]) == 3
    assert "none.keras: there is no such file" in capsys.readouterr().err
    network().save(tmp_path / "good.keras")
    assert evaluate.main([str(tmp_path / "good.keras"), str(folder), "--canvas", "13", *out]) == 2
    said = capsys.readouterr().err
    assert "good.keras: got squares of 13 pixels, and the network takes 14 x 14" in said
    assert "--canvas N, with N from 14" in said
    assert evaluate.main([str(tmp_path / "good.keras"), str(folder), "--split", "val", *out]) == 2
    assert "no split 'val', only test" in capsys.readouterr().err
    for option, value, want in (
        ("--mean", "1,x", "want 1,2,3 or a .npy file"),
        ("--mean", "1,nan,3", "want finite numbers"),
        ("--divide", "0", "want numbers other than 0"),
        ("--divide", "1,0,1", "want numbers other than 0"),
        ("--canvas", "0", "want a whole number from 1"),
        ("--limit", "-1", "want a whole number from 1"),
    ):
        with pytest.raises(SystemExit):
            evaluate.main([str(tmp_path / "good.keras"), str(folder), f"{option}={value}", *out])
        assert want in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("stop", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted; nothing is written"),
        (OSError(28, "No space left on device", "full"), 3, "full: No space left on device"),
    ],
)
def test_what_stops_it_is_said_without_a_traceback(folder, tmp_path, monkeypatch, capsys, stop, code, said):
    def stopped(*_):
        raise stop

    network().save(tmp_path / "net.keras")
    monkeypatch.setattr(evaluate, "evaluate", stopped)
    assert evaluate.main([str(tmp_path / "net.keras"), str(folder), "--out", str(tmp_path / "out")]) == code
    assert said in capsys.readouterr().err


def test_the_square_is_as_large_as_a_mean_picture(folder, tmp_path):
    network().save(tmp_path / "net.keras")
    np.save(tmp_path / "mean.npy", np.zeros((19, 19, 3)))
    call = [str(tmp_path / "net.keras"), str(folder), "--mean", str(tmp_path / "mean.npy")]
    assert evaluate.main([*call, "--out", str(tmp_path / "out")]) == 0
    assert json.loads((tmp_path / "out/evaluation.json").read_text("utf-8"))["canvas"] == 19
