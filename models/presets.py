"""The AlexNets, as data: one table, `PRESETS`. What sets each apart from `paper` stands above it."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Conv:
    """State one convolution: `filters` of `kernel` x `kernel`, then the named steps in order.

    `pad` zeros stand on every side of the input. `init` is the standard deviation of normal weights, or
    "he" or "torch". `bias` is the value every bias starts from; None means that the layer has none.
    """

    filters: int
    kernel: int
    stride: int = 1
    pad: int = 0
    groups: int = 1
    init: float | str = 0.01
    bias: float | None = 0.0
    then: tuple[str, ...] = ("relu",)


@dataclasses.dataclass(frozen=True)
class Dense:
    """State one dense layer of `units`, then the named steps in order; `init` and `bias` as in `Conv`."""

    units: int
    init: float | str = 0.01
    bias: float | None = 0.0
    then: tuple[str, ...] = ("relu",)


@dataclasses.dataclass(frozen=True)
class Lrn:
    """State local response normalisation: x_i / (k + alpha * sum over n neighbours of x_j^2)^0.75."""

    k: float = 2.0
    n: int = 5
    alpha: float = 1e-4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preset:
    """State one network: `input_shape` is H x W x C, `sides` the least and largest side it takes."""

    input_shape: tuple[int, int, int]
    sides: tuple[int, int]
    before: tuple[str, ...] = ()
    convs: tuple[Conv, ...]
    dense: tuple[Dense, ...]
    top: Dense
    dropout: float = 0.5
    lrn: Lrn | None = None


PRESETS: dict[str, Preset] = {
    "paper": Preset(
        input_shape=(224, 224, 3),
        sides=(63, 1024),
        lrn=Lrn(),
        convs=(
            Conv(96, 11, stride=4, pad=2, bias=0.0, then=("relu", "lrn", "pool")),
            Conv(256, 5, pad=2, groups=2, bias=1.0, then=("relu", "lrn", "pool")),
            Conv(384, 3, pad=1, bias=0.0),
            Conv(384, 3, pad=1, groups=2, bias=1.0),
            Conv(256, 3, pad=1, groups=2, bias=1.0, then=("relu", "pool")),
        ),
        dense=(
            Dense(4096, bias=1.0, then=("relu", "dropout")),
            Dense(4096, bias=1.0, then=("relu", "dropout")),
        ),
        top=Dense(1000, bias=0.0, then=()),
    ),
    # No groups: what most tutorials call AlexNet. 62,378,344 parameters.
    "single-tower": Preset(
        input_shape=(224, 224, 3),
        sides=(63, 1024),
        lrn=Lrn(),
        convs=(
            Conv(96, 11, stride=4, pad=2, bias=0.0, then=("relu", "lrn", "pool")),
            Conv(256, 5, pad=2, bias=1.0, then=("relu", "lrn", "pool")),
            Conv(384, 3, pad=1, bias=0.0),
            Conv(384, 3, pad=1, bias=1.0),
            Conv(256, 3, pad=1, bias=1.0, then=("relu", "pool")),
        ),
        dense=(
            Dense(4096, bias=1.0, then=("relu", "dropout")),
            Dense(4096, bias=1.0, then=("relu", "dropout")),
        ),
        top=Dense(1000, bias=0.0, then=()),
    ),
    # torchvision's: fewer filters, no groups, no LRN, dropout *before* fc6 and fc7. 61,100,840 parameters.
    # Departures: torchvision averages any input down to 6 x 6 before fc6 (at 224 x 224 that changes
    # nothing; here other sizes change fc6), and draws its biases, like its weights, from U(-1/sqrt(fan in),
    # 1/sqrt(fan in)), where ours start at 0.
    "one-weird-trick": Preset(
        input_shape=(224, 224, 3),
        sides=(63, 1024),
        convs=(
            Conv(64, 11, stride=4, pad=2, init="torch", then=("relu", "pool")),
            Conv(192, 5, pad=2, init="torch", then=("relu", "pool")),
            Conv(384, 3, pad=1, init="torch"),
            Conv(256, 3, pad=1, init="torch"),
            Conv(256, 3, pad=1, init="torch", then=("relu", "pool", "dropout")),
        ),
        dense=(Dense(4096, init="torch", then=("relu", "dropout")), Dense(4096, init="torch")),
        top=Dense(1000, init="torch", then=()),
    ),
    # Pools before it normalises, takes 227 x 227 without padding, divides LRN's alpha by five and has k =
    # 1, and starts fc6 and fc7 from N(0, 0.005). 60,965,224 parameters.
    "caffenet": Preset(
        input_shape=(227, 227, 3),
        sides=(67, 1024),
        lrn=Lrn(k=1.0, alpha=1e-4 / 5),
        convs=(
            Conv(96, 11, stride=4, bias=0.0, then=("relu", "pool", "lrn")),
            Conv(256, 5, pad=2, groups=2, bias=1.0, then=("relu", "pool", "lrn")),
            Conv(384, 3, pad=1, bias=0.0),
            Conv(384, 3, pad=1, groups=2, bias=1.0),
            Conv(256, 3, pad=1, groups=2, bias=1.0, then=("relu", "pool")),
        ),
        dense=(
            Dense(4096, init=0.005, bias=1.0, then=("relu", "dropout")),
            Dense(4096, init=0.005, bias=1.0, then=("relu", "dropout")),
        ),
        top=Dense(1000, bias=0.0, then=()),
    ),
    # The modern one: batch normalisation before each ReLU and on the input (so that no mean need be
    # subtracted), no LRN, no groups, He's init, dropout 0.2. Simon et al. keep the groups and drop nothing;
    # the light dropout is Mishkin et al.'s.
    "batchnorm": Preset(
        input_shape=(224, 224, 3),
        sides=(63, 1024),
        before=("batchnorm",),
        dropout=0.2,
        convs=(
            Conv(96, 11, stride=4, pad=2, init="he", bias=None, then=("batchnorm", "relu", "pool")),
            Conv(256, 5, pad=2, init="he", bias=None, then=("batchnorm", "relu", "pool")),
            Conv(384, 3, pad=1, init="he", bias=None, then=("batchnorm", "relu")),
            Conv(384, 3, pad=1, init="he", bias=None, then=("batchnorm", "relu")),
            Conv(256, 3, pad=1, init="he", bias=None, then=("batchnorm", "relu", "pool")),
        ),
        dense=(
            Dense(4096, init="he", bias=None, then=("batchnorm", "relu", "dropout")),
            Dense(4096, init="he", bias=None, then=("batchnorm", "relu", "dropout")),
        ),
        top=Dense(1000, init="he", then=()),
    ),
    # Not AlexNet but its shape in small, for pictures of 28 to 64 pixels: five convolutions, three
    # overlapping pools, three dense layers. Stride 1 and 5x5 in conv1, no groups, no LRN (it adds nothing,
    # arXiv:1606.02228) and dropout 0.3 (better than 0.5, same source), He's init.
    "digits": Preset(
        input_shape=(28, 28, 1),
        sides=(28, 64),
        dropout=0.3,
        convs=(
            Conv(16, 5, pad=2, init="he", then=("relu", "pool")),
            Conv(32, 3, pad=1, init="he", then=("relu", "pool")),
            Conv(64, 3, pad=1, init="he"),
            Conv(64, 3, pad=1, init="he"),
            Conv(64, 3, pad=1, init="he", then=("relu", "pool")),
        ),
        dense=(
            Dense(256, init="he", then=("relu", "dropout")),
            Dense(256, init="he", then=("relu", "dropout")),
        ),
        top=Dense(10, then=()),
    ),
}
