"""Statistics against NumPy on all pixels at once."""

from __future__ import annotations

import io
import json
import tracemalloc

import numpy as np
import pytest
from datasets import DatasetDict
from PIL import Image

from augkit import codec, policy
from augkit.errors import SourceError, UsageError
from augkit.sources import records, statistics


def pictures(count=12, channels=3, seed=0):
    """Make pictures of many sizes whose channels go along with each other."""
    chance = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        height, width = chance.integers(1, 40, size=2)
        own = chance.normal(120, 50, (height, width, 1)) + chance.normal(0, 20, (height, width, channels))
        out.append(np.clip(own, 0, 255).astype(np.uint8))
    return out


def data(some, labels=None, classes=("a", "b"), split="train"):
    cells = [one if isinstance(one, bytes) else codec.encode(one) for one in some]
    labels = [number % len(classes) for number in range(len(some))] if labels is None else labels
    keys = [f"{number:03d}" for number in range(len(some))]
    return DatasetDict({split: records.dataset(keys, cells, labels, classes)})


def pixels(some):
    return np.concatenate([np.broadcast_to(one, (*one.shape[:2], 3)).reshape(-1, 3) for one in some]) / 255


def test_mean_and_spread_are_those_of_all_pixels():
    some = pictures()
    found = statistics.measure(data(some))
    np.testing.assert_allclose(found.mean, pixels(some).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.std, pixels(some).std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(
        np.reshape(found.covariance, (3, 3)), np.cov(pixels(some).T, bias=True), rtol=1e-9
    )


def test_grey_pictures_have_one_channel_and_no_colours_that_vary():
    some = pictures(channels=1)
    found = statistics.measure(data(some))
    flat = np.concatenate([one.ravel() for one in some]) / 255
    np.testing.assert_allclose((*found.mean, *found.std), (flat.mean(), flat.std()), rtol=1e-12)
    assert found.grey == 12 and found.principal() == ((), ())
    assert "all pictures are grey" in found.text() and found.canonical()["pca_colour"] is None


def test_a_grey_picture_among_coloured_ones_has_three_equal_channels():
    some = [*pictures(5), *pictures(4, channels=1, seed=1)]
    found = statistics.measure(data(some))
    assert found.grey == 4
    np.testing.assert_allclose(found.mean, pixels(some).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(
        np.reshape(found.covariance, (3, 3)), np.cov(pixels(some).T, bias=True), rtol=1e-9
    )


def test_the_eigenvectors_are_columns_of_length_one_along_which_colours_vary_most():
    some = pictures()
    values, vectors = statistics.measure(data(some)).principal()
    centred = pixels(some) - pixels(some).mean(axis=0)
    _, spread, rows = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(values, spread**2 / len(centred), rtol=1e-9)
    ours = np.reshape(vectors, (3, 3))
    np.testing.assert_allclose(np.abs((ours.T * rows).sum(axis=1)), 1, atol=1e-9)
    assert (ours.sum(axis=0) >= 0).all() and values[0] >= values[1] >= values[2] >= 0


def test_what_is_printed_is_a_step_that_a_policy_takes():
    found = statistics.measure(data(pictures()))
    step = found.text().partition("as a step of a policy:\n")[2]
    read_back = policy.parse(f"version: 1\ntask: none\nsteps:\n{step}\n")
    (leaf,) = read_back.leaves()
    values, vectors = found.principal()
    np.testing.assert_allclose(leaf.op.eigenvalues, values, atol=1e-6)
    np.testing.assert_allclose(leaf.op.eigenvectors, vectors, atol=1e-6)


def test_one_colour_all_over_varies_not_at_all():
    found = statistics.measure(data([np.full((3, 5, 3), (10, 20, 30), np.uint8)] * 2))
    assert found.std == (0.0, 0.0, 0.0) and found.principal()[0] == (0.0, 0.0, 0.0)
    assert found.mean == (10 / 255, 20 / 255, 30 / 255)


def test_sizes_and_classes_are_counted():
    some = [np.zeros((2, 3, 1), np.uint8), np.zeros((2, 3, 1), np.uint8), np.zeros((5, 4, 1), np.uint8)]
    found = statistics.measure(data(some, labels=[1, 1, 0], classes=("a", "b", "none")))
    assert found.sizes == {(3, 2): 2, (4, 5): 1}
    assert found.classes == {"a": 1, "b": 2, "none": 0} and found.pictures == 3
    assert "3 to 4 wide, 2 to 5 high; width over height 0.8 to 1.5" in found.text()
    assert "a 1, b 2, none 0" in found.text()


def test_of_many_classes_the_text_names_the_smallest_and_the_largest():
    names = tuple(f"c{number:02d}" for number in range(30))
    labels = [number for number in range(30) for _ in range(number + 1)]
    some = [np.zeros((1, 1, 1), np.uint8)] * len(labels)
    found = statistics.measure(data(some, labels=labels, classes=names))
    assert "c00 1, c01 2, c02 3, c03 4, c04 5, …, c25 26, c26 27" in found.text()
    assert len(found.canonical()["classes"]) == 30


def test_what_cannot_be_read_is_left_out_and_named():
    some = pictures(4)
    found = statistics.measure(data([*some, b"no picture", b""]))
    assert found.pictures == 4 and [key for key, _ in found.bad] == ["004", "005"]
    np.testing.assert_allclose(found.mean, pixels(some).mean(axis=0), rtol=1e-12)
    assert "2 could not be read, such as 004: no known kind of picture" in found.text()
    assert found.canonical()["unreadable"][1]["key"] == "005"


def test_where_nothing_can_be_read_that_is_an_error():
    with pytest.raises(SourceError, match="no picture can be read: no known kind"):
        statistics.measure(data([b"no picture"]))


def test_the_train_split_is_read_unless_others_are_named():
    train, test = pictures(3), pictures(2, seed=9)
    both = DatasetDict(train=data(train)["train"], test=data(test)["train"])
    assert statistics.measure(both).splits == ("train",)
    np.testing.assert_allclose(statistics.measure(both, ["test"]).mean, pixels(test).mean(axis=0))
    assert statistics.measure(both, ["train", "test"]).pictures == 5
    assert statistics.measure(data(test, split="test")).splits == ("test",)
    with pytest.raises(UsageError, match="no split 'validation', only train, test"):
        statistics.measure(both, ["validation"])


def test_the_order_of_the_pictures_changes_nothing():
    some = pictures(9)
    assert statistics.measure(data(some)).canonical() == statistics.measure(
        data(some[::-1], labels=[number % 2 for number in range(9)][::-1])
    ).canonical() | {"unreadable": []}


def test_everything_can_be_written_as_json():
    found = statistics.measure(data(pictures()))
    assert json.loads(json.dumps(found.canonical())) == found.canonical()


def test_a_large_picture_is_not_held_as_floats():
    file = io.BytesIO()
    Image.fromarray(np.zeros((2000, 2000, 3), np.uint8)).save(file, "PNG")
    large = data([file.getvalue()])
    statistics.measure(large)
    tracemalloc.start()
    statistics.measure(large)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2000 * 2000 * 3 * 3  # as float64 it would be eight times the picture
