"""The same weights are the same network in Keras and in PyTorch, forwards and through a step of training.

The PyTorch networks here are written from the papers, layer by layer, and know nothing of `models`.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from augkit.backend import choose

choose()
keras = pytest.importorskip("keras")
torch = pytest.importorskip("torch", reason="PyTorch is what these tests compare with")

from torch import nn  # noqa: E402

from models.alexnet import PRESETS, alexnet  # noqa: E402
from models.sgd import PaperSGD  # noqa: E402
from models.weights import load_torch, save_torch, to_torch  # noqa: E402

ROOT = Path(__file__).parents[2]
# The smallest that leaves 2 x 3 before fc6 in every network: a flattening in the wrong order shows, a
# transposed one too.
SIDES = (99, 131)
TORCHVISION = {
    "features.0": (64, 3, 11, 11),
    "features.3": (192, 64, 5, 5),
    "features.6": (384, 192, 3, 3),
    "features.8": (256, 384, 3, 3),
    "features.10": (256, 256, 3, 3),
    "classifier.1": (4096, 9216),
    "classifier.4": (4096, 4096),
    "classifier.6": (1000, 4096),
}


def paper(groups: int, inputs: int, wide: int, classes: int) -> nn.Sequential:
    """Write the network of 2012 in PyTorch; `groups` is 2, or 1 for the single tower."""

    # PyTorch divides alpha by the five neighbours; the paper does not.
    def lrn():
        return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)

    return nn.Sequential(
        *(nn.Conv2d(3, 96, 11, stride=4, padding=2), nn.ReLU(), lrn(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(96, 256, 5, padding=2, groups=groups), nn.ReLU(), lrn(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 384, 3, padding=1, groups=groups), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1, groups=groups), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Flatten(), nn.Linear(inputs, wide), nn.ReLU(), nn.Linear(wide, wide), nn.ReLU()),
        nn.Linear(wide, classes),
    )


def one_weird_trick(inputs: int, wide: int, classes: int) -> nn.Module:
    """Write the network of arXiv:1404.5997 in PyTorch, its modules as in the files that are published."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(
                *(nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
                *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
                *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
                *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
                *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
            )
            self.classifier = nn.Sequential(
                *(nn.Dropout(0.5), nn.Linear(inputs, wide), nn.ReLU()),
                *(nn.Dropout(0.5), nn.Linear(wide, wide), nn.ReLU(), nn.Linear(wide, classes)),
            )

        def forward(self, x):
            return self.classifier(self.features(x).flatten(1))

    return Net()


def caffenet(inputs: int, wide: int, classes: int) -> nn.Sequential:
    """Write BVLC's reference CaffeNet in PyTorch, whose LRN has Caffe's rule and Caffe's defaults."""

    def lrn():
        return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0)

    return nn.Sequential(
        *(nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), nn.MaxPool2d(3, 2), lrn()),
        *(nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2), lrn()),
        *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Flatten(), nn.Linear(inputs, wide), nn.ReLU(), nn.Linear(wide, wide), nn.ReLU()),
        nn.Linear(wide, classes),
    )


def batchnorm(inputs: int, wide: int, classes: int) -> nn.Sequential:
    """Write the network with batch normalisation in PyTorch, each running mean and variance a random one."""
    # channels, filters, size, stride, pools after
    convs = (
        *((3, 96, 11, 4, 1), (96, 256, 5, 1, 1)),
        *((256, 384, 3, 1, 0), (384, 384, 3, 1, 0), (384, 256, 3, 1, 1)),
    )
    layers: list[nn.Module] = [nn.BatchNorm2d(3)]
    for before, filters, kernel, stride, pool in convs:
        layers += [nn.Conv2d(before, filters, kernel, stride, min(kernel // 2, 2), bias=False)]
        layers += [nn.BatchNorm2d(filters), nn.ReLU()] + [nn.MaxPool2d(3, 2)] * pool
    layers += [nn.Flatten(), nn.Linear(inputs, wide, bias=False), nn.BatchNorm1d(wide), nn.ReLU()]
    layers += [nn.Linear(wide, wide, bias=False), nn.BatchNorm1d(wide), nn.ReLU(), nn.Linear(wide, classes)]
    for layer in layers:
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean, std=0.3)
            nn.init.uniform_(layer.running_var, 0.5, 2.0)
            nn.init.uniform_(layer.weight, 0.5, 2.0)
            nn.init.normal_(layer.bias, std=0.3)
    return nn.Sequential(*layers)


def small_digits() -> nn.Sequential:
    """Write the preset `digits` in PyTorch, for 28 x 36 pixels of one channel."""
    layers: list[nn.Module] = []
    for inputs, filters, kernel, pool in ((1, 16, 5, 1), (16, 32, 3, 1), (32, 64, 3, 0), (64, 64, 3, 0)):
        layers += [nn.Conv2d(inputs, filters, kernel, padding=kernel // 2), nn.ReLU()]
        layers += [nn.MaxPool2d(3, 2)] * pool
    layers += [nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten()]
    layers += [nn.Linear(64 * 2 * 3, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10)]
    return nn.Sequential(*layers)


NETWORKS = {
    "paper": lambda *sizes: paper(2, *sizes),
    "single-tower": lambda *sizes: paper(1, *sizes),
    "one-weird-trick": one_weird_trick,
    "caffenet": caffenet,
    "batchnorm": batchnorm,
}


@pytest.fixture
def narrow(monkeypatch):
    """Return a builder of a preset with 64 units where it has 4,096, which are nine tenths of the time."""

    def build(preset: str, data_format: str):
        spec = PRESETS[preset]
        slim = tuple(dataclasses.replace(dense, units=64) for dense in spec.dense)
        monkeypatch.setitem(PRESETS, f"narrow-{preset}", dataclasses.replace(spec, dense=slim))
        sides = (*SIDES, 3) if data_format == "channels_last" else (3, *SIDES)
        logits = {"classifier_activation": None, "dropout": 0.0}
        return alexnet(f"narrow-{preset}", 10, sides, data_format=data_format, seed=0, **logits)

    return build


def difference(got, expected) -> float:
    """Return the largest error relative to the largest value."""
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    assert got.shape == expected.shape
    return float(np.abs(got - expected).max() / np.abs(expected).max())


def pictures(count: int = 2) -> np.ndarray:
    """Return pictures N x C x H x W as loud as real ones less their mean, so that LRN does something."""
    return np.random.default_rng(0).normal(scale=60, size=(count, 3, *SIDES)).astype(np.float32)


def as_ours(x: np.ndarray, data_format: str) -> np.ndarray:
    return x if data_format == "channels_first" else np.ascontiguousarray(x.transpose(0, 2, 3, 1))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("preset", NETWORKS)
def test_the_same_weights_give_the_same_answers_as_pytorch(preset, data_format, narrow):
    torch.manual_seed(1)
    theirs, model, x = NETWORKS[preset](1536, 64, 10).eval(), narrow(preset, data_format), pictures()
    load_torch(model, theirs.state_dict())
    with torch.no_grad():
        expected = theirs(torch.tensor(x)).numpy()
    got = keras.ops.convert_to_numpy(model(as_ours(x, data_format)))
    assert difference(got, expected) < 1e-4
    back = to_torch(model)
    for (name, array), tensor in zip(back.items(), theirs.state_dict().values(), strict=True):
        assert np.array_equal(array, tensor.numpy()), name


@pytest.mark.slow
@pytest.mark.parametrize("preset", NETWORKS)
def test_the_whole_network_gives_the_same_answers_as_pytorch(preset):
    torch.manual_seed(3)
    theirs = NETWORKS[preset](9216, 4096, 1000).eval()
    model = alexnet(preset, classifier_activation=None, data_format="channels_last")
    load_torch(model, theirs.state_dict())
    side = 227 if preset == "caffenet" else 224
    x = np.random.default_rng(0).normal(scale=60, size=(1, 3, side, side)).astype(np.float32)
    with torch.no_grad():
        expected = theirs(torch.tensor(x)).numpy()
    assert difference(model.predict(x.transpose(0, 2, 3, 1), verbose=0), expected) < 1e-4


@pytest.mark.parametrize(
    ("preset", "data_format"),
    [("paper", "channels_first"), *((name, "channels_last") for name in NETWORKS if name != "single-tower")],
)
def test_two_steps_of_training_give_the_same_weights_as_pytorch(preset, data_format, narrow):
    """Two, because the second is the first that momentum has a part in."""
    torch.manual_seed(2)
    theirs, model = NETWORKS[preset](1536, 64, 10), narrow(preset, data_format)
    for module in theirs.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    load_torch(model, theirs.state_dict())
    before = {name: tensor.numpy().copy() for name, tensor in theirs.state_dict().items()}
    x, y = pictures(4) / 30, np.array([3, 1, 4, 1])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Steps of 0.01 turn rounding into 1e-3 where four pictures' own variance divides each activation.
    rate = 0.001 if preset == "batchnorm" else 0.01
    model.compile(PaperSGD(rate), loss)
    optimiser = torch.optim.SGD(theirs.parameters(), rate, momentum=0.9, weight_decay=5e-4)
    for _ in range(2):
        model.train_on_batch(as_ours(x, data_format), y)
        optimiser.zero_grad()
        nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y)).backward()
        optimiser.step()
    for (name, tensor), got in zip(theirs.state_dict().items(), to_torch(model).values(), strict=True):
        # PyTorch's running variance is the unbiased one, Keras's the biased; and Keras counts no batches.
        if name.endswith(("running_var", "num_batches_tracked")):
            continue
        moved = tensor.numpy() - before[name]
        assert np.abs(moved).max() > 0, name
        assert difference(got - before[name], moved) < 2e-3, name
        assert difference(got, tensor.numpy()) < 1e-4, name


def test_a_torchvision_file_goes_in_whole_and_comes_out_with_its_names(tmp_path):
    """Each tensor of the file is one number stretched to its shape, so it is small."""
    state = {}
    for number, (module, shape) in enumerate(TORCHVISION.items()):
        state[f"{module}.weight"] = torch.tensor(number + 0.5).expand(shape)
        state[f"{module}.bias"] = torch.tensor(number - 0.5).expand(shape[:1])
    torch.save(state, tmp_path / "alexnet.pth")
    model = alexnet("one-weird-trick", data_format="channels_last")
    load_torch(model, tmp_path / "alexnet.pth")
    back = to_torch(model)
    assert {name: array.shape for name, array in back.items()} == {
        n: tuple(t.shape) for n, t in state.items()
    }
    assert all(array.flat[0] == array.flat[-1] == state[name].flatten()[0] for name, array in back.items())


def test_torchvision_s_own_network_answers_as_ours_does_with_its_weights():
    """The library's, not one written here; its weights are random, because no file of them is at hand."""
    try:
        from torchvision import models
    except (ImportError, RuntimeError) as error:  # or its operators are built for another PyTorch
        pytest.skip(f"torchvision is what this test compares with: {error}")
    torch.manual_seed(5)
    theirs = models.alexnet(weights=None).eval()
    x = np.random.default_rng(0).normal(size=(2, 3, 224, 224)).astype(np.float32)
    with torch.no_grad():
        expected = theirs(torch.tensor(x)).numpy()
    ours = alexnet("one-weird-trick", classifier_activation=None, data_format="channels_last")
    load_torch(ours, theirs.state_dict())
    assert difference(keras.ops.convert_to_numpy(ours(x.transpose(0, 2, 3, 1))), expected) < 1e-4
    back = to_torch(ours)
    assert list(back) == list(theirs.state_dict())
    assert all(np.array_equal(back[name], tensor.numpy()) for name, tensor in theirs.state_dict().items())


def test_a_file_written_here_is_read_by_pytorch_and_again_here(tmp_path):
    model = alexnet(
        "digits", input_shape=(28, 36, 1), classifier_activation=None, data_format="channels_last"
    )
    x = np.random.default_rng(3).uniform(size=(3, 28, 36, 1)).astype(np.float32)
    save_torch(model, tmp_path / "digits.pth")
    theirs = small_digits().eval()
    state = torch.load(tmp_path / "digits.pth", weights_only=True)
    theirs.load_state_dict(dict(zip(theirs.state_dict(), state.values(), strict=True)))
    with torch.no_grad():
        expected = theirs(torch.tensor(x.transpose(0, 3, 1, 2))).numpy()
    assert difference(keras.ops.convert_to_numpy(model(x)), expected) < 1e-5
    other = alexnet("digits", input_shape=(28, 36, 1), data_format="channels_last", seed=9)
    load_torch(other, {"epoch": 3, "state_dict": {f"module.{name}": t for name, t in state.items()}})
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        assert np.array_equal(one, two)
    assert not list(tmp_path.glob("*.tmp"))


def test_batch_normalisation_goes_in_and_out_with_its_running_mean(narrow):
    model = narrow("batchnorm", "channels_last")
    state, random = to_torch(model), np.random.default_rng(4)
    assert {"features.0.running_var", "features.1.weight", "features.2.num_batches_tracked"} <= set(state)
    assert "features.1.bias" not in state
    state["features.0.running_mean"] = random.normal(size=3)
    state["features.2.running_var"] = random.uniform(1, 2, size=96)
    load_torch(model, state)
    norm0, norm1 = model.get_layer("norm0"), model.get_layer("norm1")
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(norm0.moving_mean), state["features.0.running_mean"]
    )
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(norm1.moving_variance), state["features.2.running_var"], rtol=1e-6
    )


def small():
    return alexnet("digits", data_format="channels_last", seed=0)


def test_modules_in_another_order_are_found_by_name():
    model, other = small(), alexnet("digits", data_format="channels_last", seed=5)
    names = {layer.name: f"net.{layer.name}" for layer in model.layers if layer.weights}
    state = dict(reversed(to_torch(model, names=names).items()))
    load_torch(other, state, names=names)
    assert all(map(np.array_equal, model.get_weights(), other.get_weights()))
    with pytest.raises(ValueError, match="want conv1, conv2"):
        load_torch(other, state, names={"conv1": "net.conv1"})


def test_two_layers_share_no_module():
    model = small()
    names = {layer.name: f"net.{layer.name}" for layer in model.layers if layer.weights}
    names["conv4"] = "net.conv3"
    for call in (lambda: to_torch(model, names=names), lambda: load_torch(model, {}, names=names)):
        with pytest.raises(ValueError, match=r"conv3, conv4: got 'net.conv3' for each"):
            call()


def test_a_rescaling_in_front_is_no_module_and_what_is_lost_is_said(tmp_path):
    """As the recipe for digits puts one in front."""
    inner = small()
    scale = keras.layers.Rescaling(1 / 255, name="scale")
    model = keras.Sequential([keras.Input((28, 28, 1)), scale, *inner.layers[1:]], name="scaled")
    with pytest.warns(UserWarning, match="'scaled': layer scale is not in a state_dict"):
        state = to_torch(model)
    assert list(state) == list(to_torch(inner))
    other = alexnet("digits", data_format="channels_last", seed=5)
    load_torch(other, state)
    x = np.random.default_rng(3).uniform(0, 255, size=(2, 28, 28, 1)).astype(np.float32)
    answers = [keras.ops.convert_to_numpy(y) for y in (other(x / 255), model(x))]
    assert difference(*answers) < 1e-5
    with pytest.warns(UserWarning) as told:
        save_torch(model, tmp_path / "digits.pth")
    ours = [Path(one.filename) for one in told if "state_dict" in str(one.message)]
    assert ours == [Path(__file__)]


def test_the_last_layer_stays_for_other_classes():
    state = to_torch(small())
    model = alexnet("digits", 26, data_format="channels_last", seed=7)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"shape \(10, 256\), want \(26, 256\).*top=False"):
        load_torch(model, state)
    assert all(map(np.array_equal, before, model.get_weights())), "changed by a refused file"
    load_torch(model, state, top=False)
    after = model.get_weights()
    assert all(map(np.array_equal, before[-2:], after[-2:]))
    assert all(map(np.array_equal, small().get_weights()[:-2], after[:-2]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda s: s.pop("features.3.bias"),
            r"features.3.bias is missing, want it of shape \(32,\) for conv2",
        ),
        (
            lambda s: s.update({"features.3.weight": np.zeros((32, 8, 3, 3))}),
            r"features.3.weight for conv2: got shape \(32, 8, 3, 3\), want \(32, 16, 3, 3\); it has two",
        ),
        (
            lambda s: s.update({"classifier.0.weight": np.zeros((256, 1024))}),
            r"classifier.0.weight for fc6: got shape \(256, 1024\), want \(256, 256\); "
            r"it sees 1024 inputs \(4 x 4 x 64\), the network 256 \(2 x 2 x 64\): .*input_shape=$",
        ),
        (
            lambda s: s.update({"classifier.3.weight": np.zeros((512, 256))}),
            r"classifier.3.weight for fc7: got shape \(512, 256\), want \(256, 256\)$",
        ),
        (
            lambda s: s.update({"features.0.bias": np.zeros(9)}),
            r"features.0.bias for conv1: got shape \(9,\), want \(16,\)$",
        ),
        (lambda s: s.update({"features.3.bias": [0.0] * 32}), "features.3.bias: got a list, want tensors"),
        (lambda s: s.update({"epoch": 3}), "epoch: got a int, want tensors alone"),
        (lambda s: s.update({"features.3.scale": np.zeros(2)}), "features.3.scale: no layer"),
        (lambda s: s.update({"extra.weight": np.zeros(2)}), "got 9 modules"),
        (lambda s: s.clear(), r"got 0 modules \(none\), want 8"),
    ],
)
def test_what_does_not_fit_is_named_with_its_shape_and_the_one_wanted(change, message):
    model = small()
    state = to_torch(model)
    change(state)
    with pytest.raises(ValueError, match=message):
        load_torch(model, state)


@pytest.mark.parametrize("nest", ["state_dict", "model_state_dict", "model", "net"])
def test_a_checkpoint_is_opened_where_it_keeps_its_tensors(nest):
    model, other = small(), alexnet("digits", data_format="channels_last", seed=5)
    load_torch(other, {"epoch": 3, nest: {"state_dict": to_torch(model)}})
    assert all(map(np.array_equal, model.get_weights(), other.get_weights()))


def test_a_checkpoint_of_another_build_is_named():
    state = to_torch(small())
    with pytest.raises(ValueError, match=r"got net, weights, want a state_dict: .* under 'weights'"):
        load_torch(small(), {"net": "alexnet", "weights": state})
    with pytest.raises(ValueError, match=r"got a Sequential, which is a module; pass its state_dict\(\)"):
        load_torch(small(), {"epoch": 3, "model": small_digits()})
    with pytest.raises(ValueError, match=r"got a Sequential, which is a module; pass its state_dict\(\)"):
        load_torch(small(), small_digits())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("preset", "into", "message"),
    [
        ("single-tower", "paper", "it has one group, .*; these are the shapes of 'single-tower'"),
        ("paper", "single-tower", "it has two groups, .*; these are the shapes of 'paper' and 'caffenet'"),
        ("one-weird-trick", "paper", r"\(64, 3, 11, 11\), .*; these are the shapes of 'one-weird-trick'"),
        ("batchnorm", "single-tower", "got 16 modules .*; these are the shapes of 'batchnorm'"),
        ("single-tower", "batchnorm", "got 8 modules .*; these are the shapes of 'single-tower'"),
    ],
)
def test_a_file_of_another_preset_is_named(preset, into, message, narrow):
    state = to_torch(narrow(preset, "channels_last"))
    with pytest.raises(ValueError, match=rf"{message}.*: alexnet\('{preset}'\)"):
        load_torch(narrow(into, "channels_last"), state)


def test_a_state_without_the_last_layer_goes_into_the_others():
    model, other = small(), alexnet("digits", 26, data_format="channels_last", seed=5)
    names = {layer.name: f"net.{layer.name}" for layer in model.layers if layer.weights}
    for call in ({}, {"names": names}, {"names": {n: m for n, m in names.items() if n != "fc8"}}):
        state = to_torch(model, names=names if call else None)
        bare = dict(list(state.items())[:-2])
        other.set_weights([np.zeros_like(w) for w in other.get_weights()])
        load_torch(other, bare, top=False, **call)
        assert all(map(np.array_equal, model.get_weights()[:-2], other.get_weights()[:-2]))
        assert not any(w.any() for w in other.get_weights()[-2:])
    with pytest.raises(ValueError, match=r"got 7 modules .*to keep the network's own, top=False"):
        load_torch(other, dict(list(to_torch(model).items())[:-2]))


def test_names_that_point_nowhere_are_named():
    state = to_torch(small())
    layers = [layer.name for layer in small().layers if layer.weights]
    modules = dict.fromkeys(name.rpartition(".")[0] for name in state)
    names = dict(zip(layers, modules, strict=True))
    with pytest.raises(ValueError, match=r"^names: conv3: 'features.99': no such module in the weights"):
        load_torch(small(), state, names=names | {"conv3": "features.99"})


def test_a_pickled_network_is_refused_with_the_way_to_save_it(tmp_path):
    torch.save(small_digits(), tmp_path / "whole.pth")
    with pytest.raises(ValueError, match=r"whole.pth: it holds a torch\S+Sequential .*state_dict\(\)") as e:
        load_torch(small(), tmp_path / "whole.pth")
    assert "\x1b" not in str(e.value)


def test_what_holds_no_weights_is_refused(tmp_path):
    (tmp_path / "page.pth").write_text("<html>not found</html>", encoding="utf-8")
    with pytest.raises(ValueError, match=r"page.pth: no file of tensors"):
        load_torch(small(), tmp_path / "page.pth")
    with pytest.raises(ValueError, match="got a list"):
        load_torch(small(), [1, 2])  # type: ignore[arg-type]
    with pytest.raises(OSError, match="nowhere"):
        load_torch(small(), tmp_path / "nowhere.pth")
    plain = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="want a network that models"):
        to_torch(plain)


def test_pytorch_is_imported_for_files_alone():
    program = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(name, *_):\n"
        "        if name == 'torch': raise ImportError('absent')\n"
        "sys.meta_path.insert(0, Absent)\n"
        "from models.alexnet import alexnet; from models import weights\n"
        "model = alexnet('digits', data_format='channels_last')\n"
        "weights.load_torch(model, weights.to_torch(model))\n"
        "try: weights.save_torch(model, 'never.pth')\n"
        "except ImportError as error: print(error)\n"
    )
    if choose() == "torch":
        pytest.skip("here Keras itself imports PyTorch")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "pip install torch" in done.stdout
