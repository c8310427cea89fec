"""Each AlexNet is the one it says it is: shapes, parameters, work, first weights; and it trains and saves."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.backend import choose

BACKEND = choose()
keras = pytest.importorskip("keras")

from models import alexnet as module  # noqa: E402
from models.alexnet import PRESETS, alexnet  # noqa: E402
from models.layers import LocalResponseNormalization, SplitConv2D  # noqa: E402

TRUNK = {
    "pool1": (27, 27),
    "conv2": (27, 27),
    "pool2": (13, 13),
    "conv3": (13, 13),
    "conv4": (13, 13),
    "conv5": (13, 13),
    "pool5": (6, 6),
}
LAYERS = {
    "conv1": 34_944,
    "conv2": 307_456,
    "conv3": 885_120,
    "conv4": 663_936,
    "conv5": 442_624,
    "fc6": 37_752_832,
    "fc7": 16_781_312,
    "fc8": 4_097_000,
}
# preset: parameters, filters of the five convolutions, millions of multiply-adds
NETWORKS = {
    "paper": (60_965_224, (96, 256, 384, 384, 256), 724.4),
    "single-tower": (62_378_344, (96, 256, 384, 384, 256), 1135.3),
    "one-weird-trick": (61_100_840, (64, 192, 384, 256, 256), 714.2),
    "caffenet": (60_965_224, (96, 256, 384, 384, 256), 724.4),
    "batchnorm": (62_407_060, (96, 256, 384, 384, 256), 1135.3),
}

# What each preset starts from, as its source states it. LRN: k, n, alpha, with nothing divided. A spread is a
# normal's standard deviation, "he" (2 / fan in)^1/2, "torch" (1 / (3 fan in))^1/2. A bias of None is no bias.
PAPER: dict[str, Any] = {
    "order": "pictures pad1 conv1 relu1 norm1 pool1 conv2 relu2 norm2 pool2 conv3 relu3 conv4 relu4"
    " conv5 relu5 pool5 flatten fc6 relu6 drop6 fc7 relu7 drop7 fc8 predictions",
    "lrn": (2.0, 5, 1e-4),
    "spreads": (0.01,) * 8,
    "biases": (0, 1, 0, 1, 1, 1, 1, 0),
    "dropout": 0.5,
}
STARTS: dict[str, dict[str, Any]] = {
    "paper": PAPER,
    "single-tower": PAPER,
    "one-weird-trick": {
        "order": "pictures pad1 conv1 relu1 pool1 conv2 relu2 pool2 conv3 relu3 conv4 relu4"
        " conv5 relu5 pool5 drop5 flatten fc6 relu6 drop6 fc7 relu7 fc8 predictions",
        "lrn": None,
        "spreads": ("torch",) * 8,
        "biases": (0,) * 8,
        "dropout": 0.5,
    },
    "caffenet": {
        "order": "pictures conv1 relu1 pool1 norm1 conv2 relu2 pool2 norm2 conv3 relu3 conv4 relu4"
        " conv5 relu5 pool5 flatten fc6 relu6 drop6 fc7 relu7 drop7 fc8 predictions",
        "lrn": (1.0, 5, 2e-5),
        "spreads": (0.01, 0.01, 0.01, 0.01, 0.01, 0.005, 0.005, 0.01),
        "biases": (0, 1, 0, 1, 1, 1, 1, 0),
        "dropout": 0.5,
    },
    "batchnorm": {
        "order": "pictures norm0 pad1 conv1 norm1 relu1 pool1 conv2 norm2 relu2 pool2"
        " conv3 norm3 relu3 conv4 norm4 relu4 conv5 norm5 relu5 pool5 flatten"
        " fc6 norm6 relu6 drop6 fc7 norm7 relu7 drop7 fc8 predictions",
        "lrn": None,
        "spreads": ("he",) * 8,
        "biases": (None,) * 7 + (0,),
        "dropout": 0.2,
    },
    "digits": {
        "order": "pictures conv1 relu1 pool1 conv2 relu2 pool2 conv3 relu3 conv4 relu4"
        " conv5 relu5 pool5 flatten fc6 relu6 drop6 fc7 relu7 drop7 fc8 predictions",
        "lrn": None,
        "spreads": ("he",) * 7 + (0.01,),
        "biases": (0,) * 8,
        "dropout": 0.3,
    },
}


def multiply_adds(model) -> float:
    """Count the multiply-adds of one picture, in millions, from the kernels and the sizes they slide over."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            total += int(np.prod(layer.kernel.shape)) * int(np.prod(layer.output.shape[1:3]))
        elif isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.kernel.shape))
    return total / 1e6


@pytest.fixture
def unfilled(monkeypatch):
    """Leave weights at nothing where shapes are asked for: to draw sixty million numbers takes seconds."""
    for name in ("RandomNormal", "HeNormal", "VarianceScaling"):
        monkeypatch.setattr(keras.initializers, name, lambda *args, **kwargs: keras.initializers.Zeros())


@pytest.mark.usefixtures("unfilled")
@pytest.mark.parametrize("preset", NETWORKS)
def test_a_preset_has_the_published_shapes_parameters_and_work(preset):
    parameters, filters, work = NETWORKS[preset]
    model = alexnet(preset, data_format="channels_last")
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert model.count_params() == parameters
    assert shapes["conv1"] == (55, 55, filters[0])
    assert {name: shapes[name][:2] for name in TRUNK} == TRUNK
    assert tuple(shapes[f"conv{n}"][2] for n in range(1, 6)) == filters
    assert (shapes["flatten"], shapes["fc6"], shapes["fc7"]) == ((9216,), (4096,), (4096,))
    assert model.output_shape == (None, 1000)
    assert multiply_adds(model) == pytest.approx(work, abs=0.1)


@pytest.mark.usefixtures("unfilled")
def test_the_table_in_the_docstring_is_the_network():
    """Names and sizes on its right are read from the table, and asked of the network."""
    model = alexnet("paper", data_format="channels_last")
    layers = {layer.name: layer for layer in model.layers}
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in module.__doc__.splitlines()
        if "|" in line
    ]
    seen, number, total = [], 0, 0
    for name, does, output, parameters in rows[2:]:
        number += bool(name)
        size = (
            tuple(int(side) for side in output.replace(",", "").split(" x "))
            if "together" not in output
            else ()
        )
        if not size:
            assert int(parameters.replace(",", "")) == model.count_params() == total
            continue
        if name:
            seen.append(name)
            assert int(parameters.replace(",", "")) == layers[name].count_params(), name
            total += layers[name].count_params()
        last = f"pool{number}" if "max pool" in does else name
        assert layers["flatten" if "flatten" in does else last].output.shape[1:] == size, (name, does)
        assert (f"norm{number}" in layers) or "LRN" not in does
    assert seen == list(LAYERS)


def test_every_preset_is_tested():
    assert {*NETWORKS, "digits"} == set(PRESETS) == set(STARTS)


def test_the_paper_s_network_starts_from_the_paper_s_weights():
    model = alexnet("paper", data_format="channels_last", seed=0)
    assert {name: model.get_layer(name).count_params() for name in LAYERS} == LAYERS
    ones = {"conv2", "conv4", "conv5", "fc6", "fc7"}
    for name in LAYERS:
        kernel, bias = (np.asarray(keras.ops.convert_to_numpy(w)) for w in model.get_layer(name).weights)
        assert kernel.std() == pytest.approx(0.01, rel=0.02), name
        assert abs(kernel.mean()) < 3e-4, name
        assert np.all(bias == (1.0 if name in ones else 0.0)), name
    norm = model.get_layer("norm1")
    assert (norm.k, norm.n, norm.alpha, norm.beta) == (2.0, 5, 1e-4, 0.75)
    order = [layer.name for layer in model.layers]
    assert order.index("relu1") < order.index("norm1") < order.index("pool1")
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.5, 0.5]


@pytest.mark.parametrize("preset", STARTS)
def test_a_preset_starts_from_the_numbers_of_its_source(preset, monkeypatch):
    """With fewer units and a small picture, because to draw sixty million numbers takes seconds."""
    spec, starts = PRESETS[preset], STARTS[preset]
    slim = tuple(dataclasses.replace(dense, units=min(dense.units, 400)) for dense in spec.dense)
    monkeypatch.setitem(PRESETS, "narrow", dataclasses.replace(spec, dense=slim))
    side = spec.sides[0]
    shape = (side, side, spec.input_shape[2])
    model = alexnet("narrow", input_shape=shape, data_format="channels_last", seed=0)

    assert [layer.name for layer in model.layers] == starts["order"].split()
    for layer in model.layers:
        if isinstance(layer, LocalResponseNormalization):
            assert (layer.k, layer.n, layer.alpha, layer.beta) == (*starts["lrn"], 0.75), layer.name
        elif isinstance(layer, keras.layers.Dropout):
            assert layer.rate == starts["dropout"], layer.name
        elif layer.name.startswith("norm"):
            assert isinstance(layer, keras.layers.BatchNormalization), layer.name
            assert starts["lrn"] is None
    weighted = [layer for layer in model.layers if hasattr(layer, "kernel")]
    for layer, spread, bias in zip(weighted, starts["spreads"], starts["biases"], strict=True):
        kernel = np.asarray(keras.ops.convert_to_numpy(layer.kernel))
        fan_in = int(np.prod(kernel.shape[:-1]))
        wanted = {"he": (2 / fan_in) ** 0.5, "torch": (1 / (3 * fan_in)) ** 0.5}.get(spread, spread)
        # Five standard errors of a normal's spread.
        assert kernel.std() == pytest.approx(wanted, rel=5 / (2 * kernel.size) ** 0.5), layer.name
        if spread == "torch":
            assert np.abs(kernel).max() <= fan_in**-0.5, layer.name
        found = None if layer.bias is None else set(np.unique(keras.ops.convert_to_numpy(layer.bias)))
        assert found == (None if bias is None else {bias}), layer.name


@pytest.mark.usefixtures("unfilled")
def test_caffenet_pools_before_it_normalises_and_divides_alpha():
    model = alexnet("caffenet", data_format="channels_last")
    order = [layer.name for layer in model.layers]
    assert order.index("pool1") < order.index("norm1")
    assert model.get_layer("norm1").alpha == pytest.approx(1e-4 / 5)
    assert model.input_shape == (None, 227, 227, 3)
    assert "pad1" not in order


@pytest.mark.parametrize(
    ("shape", "parameters"),
    [((28, 28, 1), 231_562), ((32, 32, 3), 314_282), ((48, 40, 1), 493_706), ((64, 64, 3), 969_642)],
)
def test_the_digits_network_takes_28_to_64_pixels(shape, parameters):
    model = alexnet("digits", input_shape=shape, data_format="channels_last")
    assert model.output_shape == (None, 10)
    assert model.count_params() == parameters


def in_a_fresh_process(folder: Path, imports: str) -> np.ndarray:
    """Return what the network in `folder` answers to its pictures where only `imports` came before."""
    program = (
        f"import sys, numpy as np; {imports} import keras; d = sys.argv[1];"
        "m = keras.saving.load_model(d + '/net.keras');"
        "np.save(d + '/out.npy', m.predict(np.load(d + '/in.npy'), verbose=0))"
    )
    env = {**os.environ, "KERAS_BACKEND": BACKEND, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return np.load(folder / "out.npy")


def test_a_saved_network_gives_the_same_answers_in_a_fresh_process(tmp_path):
    """The small network carries both of our own layers here, so that loading needs them."""
    inputs = keras.Input((12, 12, 4))
    x = SplitConv2D(8, 3, groups=2, data_format="channels_last", name="conv")(inputs)
    outputs = LocalResponseNormalization(k=1.5, n=3, alpha=0.3, data_format="channels_last")(x)
    model = keras.Model(inputs, outputs)
    pictures = np.random.default_rng(0).normal(size=(2, 12, 12, 4)).astype("float32")
    model.save(tmp_path / "net.keras")
    np.save(tmp_path / "in.npy", pictures)
    answers = in_a_fresh_process(tmp_path, "import models.layers, models.sgd;")
    expected = keras.ops.convert_to_numpy(model(pictures))
    np.testing.assert_allclose(answers, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("unfilled")
def test_the_presets_that_the_docstring_says_so_of_are_keras_s_own_layers_alone():
    said = re.search(r"(`.*) with channels last are Keras's own layers alone", module.__doc__)
    alone = {
        preset
        for preset in PRESETS
        if all(
            type(layer).__module__.startswith("keras.")
            for layer in alexnet(preset, data_format="channels_last").layers
        )
    }
    assert alone == set(re.findall(r"`(\S+)`", said[1]))


def test_a_saved_network_of_keras_s_own_layers_loads_without_ours(tmp_path):
    model = alexnet("digits", data_format="channels_last", seed=0)
    model.save(tmp_path / "net.keras")
    pictures = np.random.default_rng(0).uniform(size=(2, 28, 28, 1)).astype("float32")
    np.save(tmp_path / "in.npy", pictures)
    answers = in_a_fresh_process(tmp_path, "")
    np.testing.assert_allclose(answers, keras.ops.convert_to_numpy(model(pictures)), rtol=1e-5, atol=1e-6)


def test_channels_first_is_the_same_network():
    last = alexnet("digits", input_shape=(28, 28, 3), data_format="channels_last", seed=1)
    first = alexnet("digits", input_shape=(3, 28, 28), data_format="channels_first", seed=2)
    first.set_weights(last.get_weights())
    pictures = np.random.default_rng(0).uniform(size=(4, 28, 28, 3)).astype("float32")
    a = keras.ops.convert_to_numpy(last(pictures))
    b = keras.ops.convert_to_numpy(first(pictures.transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_the_same_seed_builds_the_same_weights_and_no_seed_another():
    one, two = (alexnet("digits", seed=3).get_weights() for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(one[0], alexnet("digits", seed=4).get_weights()[0])
    assert not np.array_equal(alexnet("digits").get_weights()[0], alexnet("digits").get_weights()[0])
    conv4, conv5 = one[6], one[8]
    assert conv4.shape == conv5.shape
    assert not np.array_equal(conv4, conv5)


def test_mixed_precision_answers_in_float32_and_trains():
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        model = alexnet("digits", seed=0)
    finally:
        keras.config.set_dtype_policy(before)
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
    pictures = np.random.default_rng(0).uniform(size=(8, 28, 28, 1)).astype("float32")
    if model.input_shape[1] == 1:
        pictures = pictures.transpose(0, 3, 1, 2)
    loss = model.train_on_batch(pictures, np.arange(8))
    assert np.isfinite(loss)
    assert keras.backend.standardize_dtype(model(pictures).dtype) == "float32"


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_groups_and_normalisation_answer_nearly_alike_in_half_precision(policy, monkeypatch):
    slim = tuple(dataclasses.replace(dense, units=32, init="he") for dense in PRESETS["paper"].dense)
    convs = tuple(dataclasses.replace(conv, init="he") for conv in PRESETS["paper"].convs)
    narrow = dataclasses.replace(PRESETS["paper"], dense=slim, convs=convs)
    monkeypatch.setitem(PRESETS, "narrow", narrow)
    build = {"input_shape": (63, 63, 3), "classes": 8, "data_format": "channels_last", "seed": 0}
    build |= {"classifier_activation": None, "dropout": 0.0}
    before = keras.config.dtype_policy()
    try:
        whole = alexnet("narrow", **build)
        keras.config.set_dtype_policy(policy)
        half = alexnet("narrow", **build)
    finally:
        keras.config.set_dtype_policy(before)
    assert half.get_layer("conv2").compute_dtype == policy.removeprefix("mixed_")
    assert all(map(np.array_equal, whole.get_weights(), half.get_weights()))
    # As loud as pictures of 0 to 255 less their mean, whose squares float16 cannot hold.
    pictures = np.random.default_rng(0).uniform(-128, 128, size=(4, 63, 63, 3)).astype("float32")
    exact = keras.ops.convert_to_numpy(whole(pictures)).astype("float64")
    rough = keras.ops.convert_to_numpy(half(pictures)).astype("float64")
    assert np.isfinite(rough).all()
    assert 0 < np.abs(rough - exact).max() < 0.03 * np.abs(exact).max()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"preset": "papers"}, "did you mean 'paper'"),
        ({"preset": "digits", "classes": 0}, "classes: got 0"),
        ({"preset": "digits", "input_shape": (20, 28, 1), "data_format": "channels_last"}, "28 to 64 pixels"),
        ({"preset": "digits", "input_shape": (28, 28)}, "want three numbers"),
        ({"preset": "digits", "input_shape": 28}, "input_shape: got 28, want three numbers"),
        ({"preset": "digits", "input_shape": ("28", "28", 1)}, "want three numbers"),
        ({"preset": ["digits"]}, r"preset: got \['digits'\], want one of"),
        ({"preset": "digits", "data_format": "channel_last"}, "got 'channel_last', want 'channels_last' or"),
        ({"preset": "digits", "data_format": "NHWC"}, "got 'NHWC', want 'channels_last' or 'channels_first'"),
        ({"preset": "digits", "classes": "10"}, "classes: got '10', want a whole number"),
        ({"preset": "digits", "classes": 10.0}, "classes: got 10.0, want a whole number"),
        ({"preset": "digits", "seed": "x"}, "seed: got 'x', want a whole number"),
    ],
)
def test_what_makes_no_network_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        alexnet(**arguments)
