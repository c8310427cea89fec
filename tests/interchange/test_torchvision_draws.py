"""torchvision itself: what its transforms really do to pictures, against what augkit declares of them.

A picture whose channels are its own coordinates and a constant goes through the transform; what comes out
says for each pixel where it came from, and so what the map was.  Tones and colours are read off ramps and
patches.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from augkit import interchange, safety, tasks
from augkit.intervals import Arcs, Interval
from augkit.reach import Reach
from augkit.safety import bound

torch = pytest.importorskip("torch", reason="torchvision is measured with PyTorch, which is not installed")

SQUARE = Interval(1, 1)
SIDE = 64


def found(name: str) -> Any:
    """Import one of torchvision's modules, also where its own operators were built for another PyTorch.

    Those find boxes, which no transform here does: it is enough that they have a name.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        pytest.skip("torchvision is not installed")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for module in [one for one in sys.modules if one.split(".")[0] == "torchvision"]:
            del sys.modules[module]
        _named.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _named.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return importlib.import_module(name)


_named = torch.library.Library("torchvision", "FRAGMENT")


@pytest.fixture(scope="module", params=["v2", "v1"])
def make(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return what makes a transform by its name; a test of one that only v2 has is not run for v1."""
    v1 = found("torchvision.transforms")
    home = v1 if request.param == "v1" else found("torchvision.transforms.v2")

    def made(name: str, *given: Any, **named: Any) -> Any:
        if not hasattr(home, name):
            pytest.skip(f"{name} is of v2 alone")
        return getattr(home, name)(*given, **named)

    return made


def declared(transform: Any, aspect: Interval = SQUARE, side: int = SIDE) -> Reach:
    read = interchange.read(transform, task="none", name="aug", aspect=aspect, side=side)
    return bound.reach(read.policy, aspect)


def coordinates(height: int, width: int) -> Any:
    y, x = np.mgrid[0:height, 0:width] + 0.5
    return torch.tensor(np.stack([x / width, y / height, np.ones_like(x)]), dtype=torch.float32)


def seen(out: np.ndarray, height: int, width: int, *, least: int = 30) -> tuple[float, ...] | None:
    """Return parity, turn, stretch, zoom and the share kept of what came of `coordinates`; y up, unit areas.

    None where what came out is no map of what went in: other steps changed its colours.
    """
    high, wide = out.shape[1:]
    inside = np.abs(out[2] - 1) < 0.001
    if inside.sum() < least:
        return None
    v, u = np.nonzero(inside)
    terms = np.stack([u + 0.5, v + 0.5, np.ones(len(u))], axis=1)
    source = np.stack([out[0][inside] * width, out[1][inside] * height], axis=1)
    fitted, *_ = np.linalg.lstsq(terms, source, rcond=None)
    if np.abs(terms @ fitted - source).max() > 0.75:
        return None
    back = fitted[:2].T
    linear = np.linalg.inv(back) * np.sqrt(width * height / (wide * high)) * np.array([[1, -1], [-1, 1]])
    one, stretches, two = np.linalg.svd(linear)
    mirrored = np.linalg.det(linear) < 0
    polar = one @ two @ (np.diag([-1.0, 1.0]) if mirrored else np.eye(2))
    turn = float(np.degrees(np.arctan2(polar[1, 0], polar[0, 0])))
    kept = inside.sum() * abs(np.linalg.det(back)) / (width * height)
    return float(mirrored), turn, stretches[0] / stretches[1], float(np.sqrt(stretches.prod())), float(kept)


def far(angle: float, arcs: Arcs) -> float:
    return float(arcs.excess(np.array([angle]))[0])


def assert_within(
    reach: Reach, poses: list[tuple[float, ...]], *, degrees: float = 0.5, zooms: bool = True
) -> None:
    for mirrored, turn, stretch, zoom, kept in poses:
        assert far(turn, reach.mirrored if mirrored else reach.turn) < degrees, (mirrored, turn, reach)
        assert stretch < reach.stretch.high * 1.02 + 0.01, (stretch, reach.stretch)
        assert not zooms or reach.zoom.low * 0.98 < zoom < reach.zoom.high * 1.02, (zoom, reach.zoom)
        assert kept > reach.kept.low - 0.07, (kept, reach.kept)


MOVING: list[tuple[str, dict[str, Any]]] = [
    ("RandomHorizontalFlip", {"p": 0.5}),
    ("RandomVerticalFlip", {"p": 0.5}),
    ("RandomRotation", {"degrees": (10, 40)}),
    ("RandomRotation", {"degrees": 180}),
    ("RandomAffine", {"degrees": (20, 35)}),
    ("RandomAffine", {"degrees": 0, "shear": (20, 25)}),
    ("RandomAffine", {"degrees": 0, "shear": (0, 0, 10, 25)}),
    ("RandomAffine", {"degrees": 0, "scale": (0.6, 1.4)}),
    ("RandomAffine", {"degrees": 0, "translate": (0.3, 0.1)}),
    (
        "RandomAffine",
        {"degrees": 20, "translate": (0.1, 0.1), "scale": (0.8, 1.2), "shear": (-15, 15, -10, 10)},
    ),
    ("RandomResizedCrop", {"size": 48, "scale": (0.2, 1.0), "ratio": (0.6, 1.7)}),
    ("RandomResizedCrop", {"size": (32, 64), "scale": (0.5, 0.8)}),
    ("RandomCrop", {"size": 40}),
    ("RandomCrop", {"size": 64, "padding": 8}),
    ("CenterCrop", {"size": 50}),
    ("Resize", {"size": (40, 80)}),
    ("Resize", {"size": 40}),
    ("Pad", {"padding": 10}),
    ("RandomZoomOut", {"side_range": (1.2, 2.5), "p": 0.7}),
]


@pytest.mark.parametrize("size", [(SIDE, SIDE), (SIDE, 96)], ids=["square", "wide"])
@pytest.mark.parametrize(("name", "given"), MOVING, ids=[f"{n}-{i}" for i, (n, _) in enumerate(MOVING)])
def test_a_map_of_torchvision_lies_within_what_is_declared(
    make: Callable[..., Any], name: str, given: dict[str, Any], size: tuple[int, int]
) -> None:
    smooth = {"interpolation": found("torchvision.transforms").InterpolationMode.BILINEAR}
    turns = name in ("RandomRotation", "RandomAffine")
    transform = make(name, **given, **(smooth if turns else {}))
    shape = Interval(size[1] / size[0], size[1] / size[0])
    reach = declared(transform, shape)
    torch.manual_seed(3)
    poses = [seen(transform(coordinates(*size)).numpy(), *size) for _ in range(60)]
    assert all(pose is not None for pose in poses)
    assert_within(reach, [pose for pose in poses if pose])


ENDS = [
    ("RandomRotation", {"degrees": (10, 40)}, "turn", 40),
    ("RandomAffine", {"degrees": (20, 35)}, "turn", -35),
    ("RandomAffine", {"degrees": 0, "scale": (0.6, 1.4)}, "zoom", 1.4),
]


@pytest.mark.parametrize(("name", "given", "axis", "end"), ENDS)
def test_what_is_declared_is_also_done(
    make: Callable[..., Any], name: str, given: dict[str, Any], axis: str, end: float
) -> None:
    """Hold signs and units: a bound that is far too wide would refuse what nobody draws."""
    smooth = {"interpolation": found("torchvision.transforms").InterpolationMode.BILINEAR}
    transform = make(name, **given, **smooth)
    torch.manual_seed(5)
    poses = [seen(transform(coordinates(SIDE, SIDE)).numpy(), SIDE, SIDE) for _ in range(80)]
    values = [pose[1 if axis == "turn" else 3] for pose in poses if pose]
    nearest = max(values) if end > 0 else min(values)
    assert nearest == pytest.approx(end, rel=0.06)
    limits = declared(transform).on(axis)
    assert far(end, limits) < 0.01 if isinstance(limits, Arcs) else limits.high == pytest.approx(end)


@pytest.mark.parametrize("distortion", [0.2, 0.5])
def test_a_perspective_lies_within_what_is_declared_everywhere(
    make: Callable[..., Any], distortion: float
) -> None:
    """Take the local map at many places: no affine one fits the whole."""
    transform = make("RandomPerspective", distortion_scale=distortion, p=1.0)
    reach = declared(transform)
    torch.manual_seed(1)
    for _ in range(25):
        out = transform(coordinates(SIDE, SIDE)).numpy()
        for top in range(0, SIDE - 8, 9):
            for left in range(0, SIDE - 8, 9):
                part = out[:, top : top + 8, left : left + 8]
                if part[2].min() < 0.999:
                    continue
                pose = seen(part, SIDE, SIDE)
                assert pose is not None
                _, turn, stretch, zoom, _ = pose
                zoom *= 8 / SIDE  # counted in the frame of the part, whose side is so much less
                assert far(turn, reach.turn) < 1, (turn, reach.turn)
                assert stretch < reach.stretch.high * 1.05
                assert reach.zoom.low * 0.95 < zoom < reach.zoom.high * 1.05


def ramp() -> Any:
    """Return a grey ramp whose mean is middle grey, bytes."""
    return torch.tensor(np.tile(np.arange(256, dtype=np.uint8), (3, 64, 1)))


def tone(transform: Any, count: int = 40) -> list[tuple[float, float, float]]:
    """Return the slope where nothing is clipped, what middle grey does, and how many levels are left."""
    out = []
    for _ in range(count):
        values = transform(ramp()).numpy()[:, 32].astype(float).mean(axis=0) / 255
        free = (values > 0.01) & (values < 0.99)
        slope = np.polyfit(np.arange(256)[free] / 255, values[free], 1)[0] if free.sum() > 9 else 0.0
        out.append((float(slope), float(values[127:129].mean() - 0.5), len(np.unique(values))))
    return out


TONES: list[tuple[str, dict[str, Any]]] = [
    ("ColorJitter", {"brightness": 0.4}),
    ("ColorJitter", {"contrast": 0.5}),
    ("ColorJitter", {"brightness": (0.5, 1.0), "contrast": (1.0, 1.8)}),
    ("RandomInvert", {"p": 0.5}),
    ("RandomPosterize", {"bits": 3, "p": 1.0}),
    ("RandomAutocontrast", {"p": 0.5}),
    ("RandomPhotometricDistort", {}),
]


@pytest.mark.parametrize(("name", "given"), TONES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(TONES)])
def test_a_tone_of_torchvision_lies_within_what_is_declared(
    make: Callable[..., Any], name: str, given: dict[str, Any]
) -> None:
    transform = make(name, **given)
    reach = declared(transform)
    torch.manual_seed(7)
    for slope, moved, levels in tone(transform):
        limits = reach.contrast if slope >= 0 else reach.inverted
        if reach.levels.low >= 256:
            assert limits.low - 0.03 < abs(slope) < limits.high + 0.03, (slope, limits)
        assert reach.brightness.low - 0.03 < moved < reach.brightness.high + 0.03, (moved, reach.brightness)
        assert levels >= min(reach.levels.low, 40), levels


def test_a_hue_of_torchvision_turns_no_farther_than_is_declared(make: Callable[..., Any]) -> None:
    import colorsys

    transform = make("ColorJitter", hue=0.1, saturation=(0.5, 1.5))
    reach = declared(transform)
    torch.manual_seed(2)
    turned = []
    for _ in range(60):
        patch = torch.tensor([200, 90, 60], dtype=torch.uint8)[:, None, None].repeat(1, 8, 8)
        before, after = (colorsys.rgb_to_hsv(*(p.numpy()[:, 4, 4] / 255)) for p in (patch, transform(patch)))
        turned.append(abs((after[0] - before[0] + 0.5) % 1 - 0.5) * 360)
    assert max(turned) < reach.hue.high + 1 and max(turned) > 0.8 * 36
    assert (reach.saturation.low, reach.saturation.high) == pytest.approx((0.5, 1.5), abs=0.01)


def test_a_blur_of_torchvision_spreads_a_point_no_farther_than_is_declared(make: Callable[..., Any]) -> None:
    transform = make("GaussianBlur", kernel_size=15, sigma=(0.5, 2.5))
    reach = declared(transform)
    torch.manual_seed(4)
    widest = 0.0
    for _ in range(30):
        point = torch.zeros(3, SIDE, SIDE)
        point[:, 32, 32] = 1
        row = transform(point).numpy()[0].sum(axis=0)
        at = np.arange(SIDE) - 32
        widest = max(widest, float(np.sqrt((row * at**2).sum() / row.sum())) / SIDE)
    assert 0.7 * reach.blur.high < widest < reach.blur.high * 1.02


def test_erasing_covers_no_more_than_is_declared(make: Callable[..., Any]) -> None:
    transform = make("RandomErasing", p=1.0, scale=(0.05, 0.3))
    reach = declared(transform)
    torch.manual_seed(6)
    most = max(float((transform(torch.ones(3, SIDE, SIDE)) == 0).float().mean()) for _ in range(80))
    assert 0.2 < most < reach.covered.high + 0.01


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("RandAugment", {"num_ops": 1, "magnitude": 9}),
        ("RandAugment", {"num_ops": 1, "magnitude": 25}),
        ("TrivialAugmentWide", {}),
    ],
)
def test_one_op_of_a_suite_of_torchvision_moves_no_farther_than_is_declared(
    make: Callable[..., Any], name: str, given: dict[str, Any]
) -> None:
    smooth = {"interpolation": found("torchvision.transforms").InterpolationMode.BILINEAR}
    transform = make(name, **given, **smooth)
    reach = declared(transform)
    torch.manual_seed(8)
    picture = (coordinates(SIDE, SIDE) * 200).round().to(torch.uint8)
    poses = [seen(transform(picture).numpy() / 200, SIDE, SIDE, least=800) for _ in range(200)]
    moved = [pose for pose in poses if pose and (abs(pose[1]) > 0.5 or pose[4] < 0.98)]
    assert len(moved) > 20
    # A stretch of tones looks like a zoom here, as it makes the coordinates larger; no suite zooms.
    assert_within(reach, [pose for pose in poses if pose], degrees=1.5, zooms=False)


def test_what_torchvision_calls_safe_for_photographs_is_refused_for_digits(make: Callable[..., Any]) -> None:
    """The pipeline that its own training references use, as an object of its own making."""
    whole = make(
        "Compose",
        [make("RandomResizedCrop", 224), make("RandomHorizontalFlip"), make("RandomRotation", 25)],
    )
    codes = {}
    for task in ("natural", "digits"):
        read = interchange.read(whole, task=task, name="aug", side=256)
        codes[task] = {finding.code for finding in safety.judge(read.policy, tasks.load(task)).findings}
    assert {"LS101", "LS102"} <= codes["digits"] and "LS101" not in codes["natural"]
