"""The optimiser moves weights as the paper's two lines say, in float64, and as nothing near it does."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from augkit.backend import choose

BACKEND = choose()
keras = pytest.importorskip("keras")

from models.sgd import PaperSGD  # noqa: E402

# Keras holds the rate and the momentum as float32: these it holds exactly.
RATES, MOMENTUM = [1 / 64] * 6 + [1 / 512] * 6, 7 / 8
DECAY = 0.3  # large, so that where it goes shows
CURVES, TARGET = np.array([1.0, 3.0, 10.0, 30.0]), np.array([0.5, -2.0, 1.0, 0.25])
START = np.array([2.0, 1.0, -1.0, 0.7])


def gradient(w: np.ndarray) -> np.ndarray:
    """Return the gradient of half the sum of CURVES · (w − TARGET)²."""
    return CURVES * (w - TARGET)


def by_the_paper() -> np.ndarray:
    """Follow section 5: v ← momentum · v − decay · rate · w − rate · gradient, w ← w + v."""
    w, v = START.copy(), np.zeros(4)
    for rate in RATES:
        v = MOMENTUM * v - DECAY * rate * w - rate * gradient(w)
        w = w + v
    return w


def double_precision():
    if BACKEND != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.enable_x64(True)


def trained(optimiser, extra: float = 0.0) -> np.ndarray:
    """Train the toy with a Keras optimiser, in float64; `extra` is an L2 penalty's share of the gradient."""
    weight = keras.Variable(START, dtype="float64", name="w")
    optimiser.build([weight])
    for rate in RATES:
        optimiser.learning_rate = rate
        now = keras.ops.convert_to_numpy(weight)
        step = keras.ops.convert_to_tensor(gradient(now) + extra * now, dtype="float64")
        optimiser.apply([step], [weight])
    assert keras.backend.standardize_dtype(weight.dtype) == "float64"
    return keras.ops.convert_to_numpy(weight)


def test_the_rule_is_the_paper_s_in_float64():
    with double_precision():
        found = trained(PaperSGD(momentum=MOMENTUM, decay=DECAY))
        np.testing.assert_allclose(found, by_the_paper(), rtol=1e-12)


def test_the_rule_is_that_of_a_penalty_of_half_the_decay():
    with double_precision():
        penalised = trained(keras.optimizers.SGD(momentum=MOMENTUM), extra=2 * (DECAY / 2))
        found = trained(PaperSGD(momentum=MOMENTUM, decay=DECAY))
        np.testing.assert_allclose(found, penalised, rtol=1e-12)


def test_pytorch_s_rule_gives_other_weights_long_after_the_rate_falls():
    """The quadratic whose numbers the docstring has; PyTorch's rule is written out here."""
    curves, rates, apart = np.array([0.1, 1, 10, 60]), [0.01] * 20 + [0.001] * 451, []
    with double_precision():
        optimiser, weight = PaperSGD(0.01), keras.Variable(START, dtype="float64", name="w")
        optimiser.build([weight])
        theirs, buffer, ours = START.copy(), np.zeros(4), START
        for rate in rates:
            optimiser.learning_rate = rate
            gradient = keras.ops.convert_to_tensor(curves * (ours - TARGET), dtype="float64")
            optimiser.apply([gradient], [weight])
            ours = keras.ops.convert_to_numpy(weight)
            buffer = 0.9 * buffer + 5e-4 * theirs + curves * (theirs - TARGET)
            theirs = theirs - rate * buffer
            apart.append(np.abs(ours - theirs).max())
    assert max(apart[:20]) < 1e-5  # Keras holds the rate and the momentum as float32
    found = [apart[19 + steps] for steps in (11, 21, 101, 451)]
    np.testing.assert_allclose(found, [0.67, 0.82, 0.41, 0.06], atol=0.006)


def test_decoupled_decay_is_another_rule():
    with double_precision():
        decoupled = trained(keras.optimizers.SGD(momentum=MOMENTUM, weight_decay=DECAY))
        assert np.abs(decoupled - by_the_paper()).max() > 1e-3


def test_the_defaults_are_the_paper_s_and_survive_saving():
    optimiser = PaperSGD()
    assert (float(optimiser.learning_rate), optimiser.momentum, optimiser.decay) == (
        pytest.approx(0.01),
        0.9,
        5e-4,
    )
    saved = keras.optimizers.serialize(PaperSGD(0.02, momentum=0.8, decay=1e-3))
    again = keras.optimizers.deserialize(saved)
    assert isinstance(again, PaperSGD)
    assert (again.momentum, again.decay) == (0.8, 1e-3)


def test_a_network_trains_and_is_saved_with_it(tmp_path):
    layer = keras.layers.Dense(1, kernel_initializer="ones", bias_initializer="ones")
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile(PaperSGD(0.1, decay=0.5), "mse")
    x = np.zeros((4, 2), dtype="float32")  # no gradient reaches the kernel: the decay alone moves it
    model.train_on_batch(x, np.ones((4, 1), dtype="float32"))
    np.testing.assert_allclose(model.get_weights()[0], 0.95, rtol=1e-6)
    np.testing.assert_allclose(model.get_weights()[1], 0.95, rtol=1e-6)
    model.save(tmp_path / "net.keras")
    assert keras.saving.load_model(tmp_path / "net.keras").optimizer.decay == 0.5


@pytest.mark.parametrize("wrong", [{"decay": -1e-4}, {"weight_decay": 5e-4}])
def test_a_decay_of_another_rule_is_refused(wrong):
    with pytest.raises(ValueError, match="decay"):
        PaperSGD(**wrong)


def test_an_exclusion_from_the_decay_is_refused():
    with pytest.raises(NotImplementedError, match=r"decays every trainable weight; to spare some, want"):
        PaperSGD().exclude_from_weight_decay(var_names=["bias"])
