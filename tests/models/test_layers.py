"""The two layers that Keras lacks, against plain NumPy in float64 and against ordinary convolutions."""

from __future__ import annotations

import numpy as np
import pytest

from augkit.backend import choose

BACKEND = choose()
keras = pytest.importorskip("keras")

from models.layers import LocalResponseNormalization, SplitConv2D  # noqa: E402


def paper_lrn(x: np.ndarray, k: float, n: int, alpha: float, beta: float) -> np.ndarray:
    """Follow the formula of section 3.3, one channel after another, in float64."""
    x = x.astype(np.float64)
    out = np.empty_like(x)
    channels = x.shape[-1]
    for i in range(channels):
        total = np.zeros(x.shape[:-1])
        for j in range(max(0, i - n // 2), min(channels - 1, i + n // 2) + 1):
            total += x[..., j] ** 2
        out[..., i] = x[..., i] / (k + alpha * total) ** beta
    return out


@pytest.mark.parametrize(
    "settings",
    [
        {"k": 2.0, "n": 5, "alpha": 1e-4, "beta": 0.75},
        {"k": 1.0, "n": 3, "alpha": 0.5, "beta": 0.75},
        {"k": 1.0, "n": 7, "alpha": 0.2, "beta": 0.5},
    ],
)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_lrn_follows_the_paper_s_formula(settings, data_format):
    x = np.random.default_rng(0).normal(scale=60, size=(2, 4, 3, 9)).astype("float32")
    expected = paper_lrn(x, **settings)
    layer = LocalResponseNormalization(**settings, data_format=data_format)
    if data_format == "channels_first":
        got = keras.ops.convert_to_numpy(layer(x.transpose(0, 3, 1, 2))).transpose(0, 2, 3, 1)
    else:
        got = keras.ops.convert_to_numpy(layer(x))
    np.testing.assert_allclose(got, expected, rtol=2e-6)


def test_lrn_sums_in_float32_under_mixed_precision():
    x = np.full((1, 2, 2, 8), 300.0, dtype="float32")  # the square of 300 overflows float16
    layer = LocalResponseNormalization(data_format="channels_last", dtype="mixed_float16")
    got = keras.ops.convert_to_numpy(layer(x)).astype("float64")
    np.testing.assert_allclose(got, paper_lrn(x, 2.0, 5, 1e-4, 0.75), rtol=2e-3)


def test_lrn_refuses_an_even_neighbourhood():
    with pytest.raises(ValueError, match="odd number"):
        LocalResponseNormalization(n=4)


def test_lrn_refuses_a_data_format_of_another_name():
    with pytest.raises(ValueError, match="data_format: got 'NHWC', want 'channels_last' or 'channels_first'"):
        LocalResponseNormalization(data_format="NHWC")


def naive_convolution(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, groups: int) -> np.ndarray:
    """Convolve H x W x C with `groups` groups and no padding, filter by filter, in float64."""
    size, _, depth, filters = kernel.shape
    height, width = x.shape[0] - size + 1, x.shape[1] - size + 1
    out = np.zeros((height, width, filters))
    for f in range(filters):
        first = (f // (filters // groups)) * depth
        for r in range(height):
            for c in range(width):
                patch = x[r : r + size, c : c + size, first : first + depth].astype(np.float64)
                out[r, c, f] = (patch * kernel[..., f]).sum() + bias[f]
    return out


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_groups_see_their_own_channels_only(data_format):
    random = np.random.default_rng(1)
    x = random.normal(size=(7, 6, 4)).astype("float32")
    layer = SplitConv2D(6, 3, groups=2, data_format=data_format, bias_initializer="normal")
    batch = x[None] if data_format == "channels_last" else x.transpose(2, 0, 1)[None]
    got = keras.ops.convert_to_numpy(layer(batch))[0]
    got = got if data_format == "channels_last" else got.transpose(1, 2, 0)
    kernel, bias = (keras.ops.convert_to_numpy(w) for w in layer.weights)
    assert kernel.shape == (3, 3, 2, 6)
    np.testing.assert_allclose(got, naive_convolution(x, kernel, bias, 2), rtol=1e-4, atol=1e-5)


def test_a_training_step_moves_grouped_weights_as_two_separate_convolutions():
    random = np.random.default_rng(2)
    x, target = random.normal(size=(4, 6, 6, 4)).astype("float32"), random.normal(size=(4, 6, 6, 6))
    inputs = keras.Input((6, 6, 4))
    grouped = keras.Model(
        inputs, SplitConv2D(6, 3, padding="same", groups=2, data_format="channels_last")(inputs)
    )
    halves = [
        keras.layers.Conv2D(3, 3, padding="same", data_format="channels_last", name=name)
        for name in ("a", "b")
    ]
    parts = [halves[0](inputs[..., :2]), halves[1](inputs[..., 2:])]
    apart = keras.Model(inputs, keras.layers.Concatenate(axis=-1)(parts))
    kernel, bias = grouped.get_weights()
    for half, share in zip(halves, (slice(0, 3), slice(3, 6)), strict=True):
        half.set_weights([kernel[..., share], bias[share]])
    for model in (grouped, apart):
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.train_on_batch(x, target.astype("float32"))
    moved = grouped.get_weights()[0]
    assert np.abs(moved - kernel).min(axis=(0, 1, 2)).max() > 0
    joined = np.concatenate([half.get_weights()[0] for half in halves], axis=-1)
    np.testing.assert_allclose(moved, joined, rtol=1e-4, atol=1e-6)
