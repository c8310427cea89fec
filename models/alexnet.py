"""AlexNet in Keras 3: the network of 2012, the AlexNets that followed it, and a small one for digits.

The paper's network (`preset="paper"`), for a 224 x 224 x 3 picture:

    | layer | what it does                                   | output       | parameters |
    |-------|------------------------------------------------|--------------|-----------:|
    | conv1 | 96 filters 11x11, stride 4, padding 2          | 55 x 55 x 96 |     34,944 |
    |       | ReLU, LRN, max pool 3x3 stride 2               | 27 x 27 x 96 |            |
    | conv2 | 256 filters 5x5, padding 2, two groups         | 27 x 27 x 256|    307,456 |
    |       | ReLU, LRN, max pool 3x3 stride 2               | 13 x 13 x 256|            |
    | conv3 | 384 filters 3x3, padding 1, ReLU               | 13 x 13 x 384|    885,120 |
    | conv4 | 384 filters 3x3, padding 1, two groups, ReLU   | 13 x 13 x 384|    663,936 |
    | conv5 | 256 filters 3x3, padding 1, two groups, ReLU   | 13 x 13 x 256|    442,624 |
    |       | max pool 3x3 stride 2, flatten                 | 9,216        |            |
    | fc6   | 4,096 units, ReLU, dropout 0.5                 | 4,096        | 37,752,832 |
    | fc7   | 4,096 units, ReLU, dropout 0.5                 | 4,096        | 16,781,312 |
    | fc8   | 1,000 units, softmax                           | 1,000        |  4,097,000 |
    |       |                                                | together     | 60,965,224 |

Weights start as N(0, 0.01); biases as 1 in conv2, conv4, conv5, fc6 and fc7, as 0 in the other layers.
LRN is the paper's: x_i / (2 + 1e-4 * sum of x_j^2 over five neighbouring channels)^0.75, alpha *not*
divided by five.

Departures of `paper` from the paper:

- The paper's text gives 224 as the input and 55 as conv1's output, which do not fit without padding. We pad
  by 2.
- Both groups run on one device; the paper put one on each of two GPUs. The function computed is the same.
- Dropout doubles what it keeps while training and leaves testing alone; the paper halves outputs at test
  time. The expected activations agree up to that factor of two.
- A bias of 1 can stall training from some seeds (BVLC's remake went to 0.1). The preset keeps the paper's
  value.
- Rescaling, cropping, mean subtraction and weight decay belong to the recipe that trains the network, not
  to it; `models/sgd.py` has the paper's optimiser, `models/weights.py` the way from PyTorch and back.

A saved network has layers of ours where Keras has none: for groups, LRN and channels first. Loading it wants
them imported, and a network trained with `PaperSGD` its module too, or `compile=False`:

    import models.layers, models.sgd
    network = keras.saving.load_model("best.keras")

`one-weird-trick`, `batchnorm` and `digits` with channels last are Keras's own layers alone.

Sources: Krizhevsky, Sutskever, Hinton 2012, NIPS, sections 3 and 5 (`paper`); Krizhevsky 2014,
arXiv:1404.5997, in the form torchvision publishes (`one-weird-trick`); BVLC's reference CaffeNet
(`caffenet`); Simon, Rodner, Denzler 2016, arXiv:1612.01452, and Mishkin, Sergievskiy, Matas 2016,
arXiv:1606.02228 (`batchnorm`). What sets each preset apart from `paper` stands above it in
`models/presets.py`.
"""

from __future__ import annotations

import dataclasses
import difflib
import operator
from typing import Any

import keras

from models.layers import LocalResponseNormalization, SplitConv2D, named_format
from models.presets import PRESETS, Conv, Dense, Preset


def alexnet(
    preset: str = "paper",
    classes: int | None = None,
    input_shape: tuple[int, int, int] | None = None,
    *,
    classifier_activation: str | None = "softmax",
    dropout: float | None = None,
    data_format: str | None = None,
    seed: int | None = None,
    name: str | None = None,
) -> keras.Model:
    """Build an AlexNet, untrained.

    `preset` is a name in `PRESETS`. `classes` is 1,000 if not given (10 for `digits`). `input_shape` is
    H x W x C, or C x H x W with `data_format="channels_first"`; if not given it is the preset's own.
    `data_format` is Keras's own setting if not given. The output is N x `classes`, float32 whatever the
    precision policy: probabilities, or logits with `classifier_activation=None`. `dropout` overrides the
    preset's rate. With a `seed` the same call builds the same weights; without one each call draws its own.

    Pictures go in as the recipe prepared them, RGB where they have three channels:

        paper, single-tower   0 to 255, less the training mean
        caffenet              0 to 255, less the training mean; BVLC's own weights want BGR
        one-weird-trick       0 to 1, less the training mean of each channel, over its standard deviation
        batchnorm             anything: it normalises its input itself
        digits                0 to 1

    Raises ValueError for a setting that makes no network.
    """
    spec = _preset(preset)
    data_format = named_format(data_format)
    last = data_format == "channels_last"
    height, width, channels = _shape(preset, spec, input_shape, last)
    classes = spec.top.units if classes is None else _whole("classes", classes)
    if classes < 1:
        raise ValueError(f"classes: got {classes}, want at least 1")
    seed = None if seed is None else _whole("seed", seed)
    build = _Builder(spec, data_format, dropout, seed)

    inputs = keras.Input((height, width, channels) if last else (channels, height, width), name="pictures")
    x = build.steps(inputs, spec.before, 0)
    for number, conv in enumerate(spec.convs, start=1):
        x = build.steps(build.conv(x, conv, number), conv.then, number)
    x = keras.layers.Flatten(data_format=build.data_format, name="flatten")(x)
    for number, dense in enumerate(spec.dense, start=len(spec.convs) + 1):
        x = build.steps(build.dense(x, dense, dense.units, number), dense.then, number)
    x = build.dense(x, spec.top, classes, len(spec.convs) + len(spec.dense) + 1)
    # float32 out, because softmax and the loss lose too much in half precision.
    x = keras.layers.Activation(classifier_activation or "linear", dtype="float32", name="predictions")(x)
    return keras.Model(inputs, x, name=name or f"alexnet_{preset.replace('-', '_')}")


def _preset(name: str) -> Preset:
    if isinstance(name, str) and name in PRESETS:
        return PRESETS[name]
    close = difflib.get_close_matches(str(name), PRESETS, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"preset: got {name!r}, want one of {', '.join(PRESETS)}{hint}")


def _whole(name: str, given: Any) -> int:
    """Return a whole number, NumPy's too, or say that it is none."""
    try:
        return operator.index(given)
    except TypeError:
        raise ValueError(f"{name}: got {given!r}, want a whole number") from None


def _shape(name: str, spec: Preset, given: tuple[int, int, int] | None, last: bool) -> tuple[int, int, int]:
    """Return height, width, channels, or say why the network does not take them."""
    if given is None:
        return spec.input_shape
    order = "height, width, channels" if last else "channels, height, width"
    sides = tuple(given) if isinstance(given, tuple | list) else ()
    if len(sides) != 3 or not all(hasattr(side, "__index__") and side >= 1 for side in sides):
        raise ValueError(f"input_shape: got {given!r}, want three numbers: {order}")
    height, width, channels = given if last else (given[1], given[2], given[0])
    low, high = spec.sides
    if not (low <= height <= high and low <= width <= high):
        raise ValueError(
            f"input_shape: got {given}, that is {height} x {width} pixels ({order}); "
            f"preset {name!r} wants sides of {low} to {high} pixels"
        )
    return height, width, channels


class _Builder:
    """Turns one preset's entries into Keras layers that carry the paper's names (conv1 ... fc8)."""

    def __init__(self, spec: Preset, data_format: str, dropout: float | None, seed: int | None) -> None:
        self.spec, self.data_format, self.seed = spec, data_format, seed
        self.dropout = spec.dropout if dropout is None else dropout

    def conv(self, x: Any, conv: Conv, number: int) -> Any:
        # "same" at stride 4 pads 3 and 4 and gives 56, where the paper has 55: pad by hand there.
        same = conv.stride == 1 and conv.pad == conv.kernel // 2
        if conv.pad and not same:
            x = keras.layers.ZeroPadding2D(conv.pad, data_format=self.data_format, name=f"pad{number}")(x)
        # Keras's own layer where it does, because a network of those alone is loaded without this package.
        own = conv.groups == 1 and self.data_format == "channels_last"
        return (keras.layers.Conv2D if own else SplitConv2D)(
            conv.filters,
            conv.kernel,
            strides=conv.stride,
            padding="same" if same else "valid",
            groups=conv.groups,
            data_format=self.data_format,
            name=f"conv{number}",
            **self._weights(conv, number),
        )(x)

    def dense(self, x: Any, dense: Dense, units: int, number: int) -> Any:
        return keras.layers.Dense(units, name=f"fc{number}", **self._weights(dense, number))(x)

    def steps(self, x: Any, names: tuple[str, ...], number: int) -> Any:
        for step in names:
            x = self._step(step, number)(x)
        return x

    def _step(self, step: str, number: int) -> keras.layers.Layer:
        if step == "relu":
            return keras.layers.ReLU(name=f"relu{number}")
        if step == "pool":
            return keras.layers.MaxPooling2D(3, strides=2, data_format=self.data_format, name=f"pool{number}")
        if step == "dropout":
            return keras.layers.Dropout(self.dropout, seed=self._seed(number), name=f"drop{number}")
        if step == "lrn" and self.spec.lrn:
            lrn = dataclasses.asdict(self.spec.lrn)
            return LocalResponseNormalization(**lrn, data_format=self.data_format, name=f"norm{number}")
        if step == "batchnorm":
            flat = number > len(self.spec.convs)
            axis = -1 if flat or self.data_format == "channels_last" else 1
            name = f"norm{number}"
            return keras.layers.BatchNormalization(axis=axis, momentum=0.9, epsilon=1e-5, name=name)
        raise ValueError(f"step: got {step!r}, want relu, pool, dropout, lrn or batchnorm")

    def _weights(self, layer: Conv | Dense, number: int) -> dict[str, Any]:
        seed = self._seed(number)
        if layer.init == "he":
            kernel = keras.initializers.HeNormal(seed=seed)
        elif layer.init == "torch":
            kernel = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform", seed=seed)
        else:
            kernel = keras.initializers.RandomNormal(stddev=layer.init, seed=seed)
        bias = keras.initializers.Constant(layer.bias or 0.0)
        return {"kernel_initializer": kernel, "bias_initializer": bias, "use_bias": layer.bias is not None}

    def _seed(self, number: int) -> int | None:
        """Give each layer its own seed, because equal seeds give equal numbers to layers of equal shape."""
        return None if self.seed is None else (self.seed * 1009 + number) % 2**31
