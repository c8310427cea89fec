"""Steps of augkit in place of another tool's: the same pictures, or as near as the note says."""

from __future__ import annotations

import re
from typing import Any

import albumentations as A
import numpy as np
import pytest

from augkit import interchange, policy, render
from augkit.draw import draw
from augkit.interchange import Converted
from augkit.intervals import Interval
from augkit.ops.foreign import Albumentations, Declared
from augkit.steps import Choice, Step

HEAD = "version: 1\ntask: none\nsteps:\n"


SQUARE = Interval(1, 1)


def read(*transforms: Any, side: int = 100, aspect: Interval = SQUARE) -> Converted:
    return interchange.read(A.Compose([*transforms]), task="none", name="aug", side=side, aspect=aspect)


def words(found: Converted) -> list[str]:
    assert not any(isinstance(step.op, Albumentations | Declared) for step in found.policy.leaves())
    return [step.name for step in found.policy.leaves()]


def mine(found: Converted, picture: np.ndarray, seed: int = 0) -> np.ndarray:
    aspect = np.full(1, picture.shape[1] / picture.shape[0])
    drawn = draw(found.policy, ["a"], np.array([1]), seed=seed, aspects=aspect)
    return render.render(picture, drawn, 0)


def scene(height: int = 100, width: int = 100, channels: int = 3) -> np.ndarray:
    """Return a picture with smooth parts, edges, every level, and colours of all kinds."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    waves = [np.sin(2 * np.pi * (a * x + b * y) + c) for a, b, c in ((2, 1, 0), (-1, 3, 1), (3, -2, 2))]
    out = np.stack([127.5 + 127.5 * wave for wave in waves], axis=2)
    out[height // 4 : height // 2, width // 3 : width // 2] = (250, 20, 60)
    return np.rint(out[:, :, :channels]).astype(np.uint8)


EXACT = [
    (A.Solarize(threshold_range=(0.3, 0.3), p=1), "solarize"),
    (A.Solarize(threshold_range=(0, 0), p=1), "solarize"),
    (A.Solarize(threshold_range=(1, 1), p=1), "solarize"),
    (A.MedianBlur(blur_limit=(5, 5), p=1), "median_blur"),
    (A.CenterCrop(height=60, width=60), "centre_crop"),
    (A.CenterCrop(height=40, width=80), "centre_crop"),
    (A.PadIfNeeded(min_height=120, min_width=130, fill=7), "pad"),
    (A.Pad(padding=(6, 10), fill=9), "pad"),
]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("transform", "word"), EXACT, ids=lambda t: getattr(type(t), "__name__", t))
def test_what_means_the_same_makes_the_same_pixels(transform: Any, word: str, channels: int) -> None:
    found, picture = read(transform), scene(channels=channels)
    assert words(found) == [word]
    theirs = transform(image=picture)["image"].reshape(*mine(found, picture).shape)
    assert np.array_equal(mine(found, picture), theirs)
    assert (
        theirs.shape != picture.shape or not np.array_equal(theirs, picture) or "threshold" in str(transform)
    )


NEAR = [
    (A.RandomGamma(gamma_limit=(80, 80), p=1), "gamma"),
    (A.RandomGamma(gamma_limit=(140, 140), p=1), "gamma"),
    (A.Posterize(num_bits=5, p=1), "posterize"),
    (A.Posterize(num_bits=6, p=1), "posterize"),
]


@pytest.mark.parametrize(("transform", "word"), NEAR, ids=lambda t: getattr(type(t), "__name__", t))
def test_what_nearly_means_the_same_is_no_farther_than_its_note_says(transform: Any, word: str) -> None:
    found, picture = read(transform), np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    assert words(found) == [word]
    (note,) = found.notes
    said = int(re.search(r"(\d+) levels", note.text).group(1))  # type: ignore[union-attr]
    apart = np.abs(mine(found, picture).astype(int) - transform(image=picture)["image"].reshape(16, 16, 1))
    assert said - 2 <= apart.max() <= said + 1, "a level is lost to rounding"
    assert said <= 16


@pytest.mark.parametrize(
    ("transform", "apart"),
    [
        (A.GaussianBlur(sigma_limit=(2, 2), blur_limit=0, p=1), 1.5),
        (A.ColorJitter(brightness=(1, 1), contrast=(1, 1), saturation=(0.4, 0.4), hue=(0, 0), p=1), 1.5),
        (A.ColorJitter(brightness=(1, 1), contrast=(1, 1), saturation=(1, 1), hue=(0.1, 0.1), p=1), 6),
        (A.ImageCompression(quality_range=(60, 60), p=1), 4.5),
        (A.Resize(height=150, width=130), 1.5),
        (A.Resize(height=50, width=50, interpolation=3), 2),
        (A.SmallestMaxSize(max_size=160), 1.5),
    ],
    ids=lambda t: getattr(type(t), "__name__", None),
)
def test_what_is_calculated_otherwise_is_hardly_apart(transform: Any, apart: float) -> None:
    found, picture = read(transform), scene()
    assert len(words(found)) == 1
    theirs = transform(image=picture)["image"]
    ours = mine(found, picture)
    assert ours.shape == theirs.shape
    inner = np.s_[12:-12, 12:-12]
    assert np.abs(ours[inner].astype(float) - theirs[inner]).mean() < apart
    assert ours.shape != picture.shape or np.abs(ours[inner].astype(float) - picture[inner]).mean() > apart


def test_noise_is_as_strong() -> None:
    transform = A.GaussNoise(std_range=(0.1, 0.1), p=1)
    picture = np.full((100, 100, 3), 128, np.uint8)
    ours, theirs = mine(read(transform), picture), transform(image=picture)["image"]
    assert ours.std() == pytest.approx(25.5, rel=0.03) and theirs.std() == pytest.approx(25.5, rel=0.03)
    assert isinstance(next(read(A.GaussNoise(per_channel=False)).policy.leaves()).op, Albumentations)


def test_salt_and_pepper_are_as_many() -> None:
    transform = A.SaltAndPepper(amount=(0.1, 0.1), salt_vs_pepper=(0.3, 0.3), p=1)
    picture = np.full((100, 100, 3), 128, np.uint8)
    for out in (mine(read(transform), picture), transform(image=picture)["image"]):
        assert (out == 255).all(axis=2).sum() == 300 and (out == 0).all(axis=2).sum() == 700


def test_one_channel_is_dropped_and_each_is() -> None:
    found = read(A.ChannelDropout(p=1))
    assert words(found) == ["channel_drop"]
    dropped = {int((mine(found, scene(), seed) == 0).all(axis=(0, 1)).argmax()) for seed in range(12)}
    assert dropped == {0, 1, 2}


def test_holes_are_as_many_and_as_large() -> None:
    transform = A.CoarseDropout(
        num_holes_range=(2, 2), hole_height_range=(0.2, 0.2), hole_width_range=(0.1, 0.1), fill=3, p=0.5
    )
    found = read(transform)
    assert words(found) == ["erase", "erase#2"]
    (choice,) = found.policy.steps
    assert isinstance(choice, Choice) and choice.p == 0.5
    whole = interchange.read(
        A.Compose([A.CoarseDropout(**{**_given(transform), "p": 1})]), task="none", side=100
    )
    grey = np.full((100, 100, 1), 203, np.uint8)
    shares = [(203 - mine(whole, grey, seed).mean()) / 200 for seed in range(20)]
    assert max(shares) == pytest.approx(0.04, abs=0.001) and min(shares) > 0.0199
    in_pixels = read(
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(10, 20), hole_width_range=(5, 5))
    )
    (step,) = in_pixels.policy.steps
    assert step.op.height == (0.1, 0.2) and step.op.width == (0.05, 0.05)  # type: ignore[union-attr]
    assert isinstance(next(read(A.CoarseDropout()).policy.leaves()).op, Albumentations), "one or two holes"


def _given(transform: Any) -> dict[str, Any]:
    return {key: value for key, value in transform.to_dict_private().items() if key != "__class_fullname__"}


def test_all_odd_windows_of_a_range_are_as_likely() -> None:
    (step,) = read(A.MedianBlur(blur_limit=(3, 7), p=1)).policy.steps
    low, high = step.op.radius  # type: ignore[union-attr]
    radii = np.linspace(low, high, 3001)
    windows, counts = np.unique(2 * np.floor((2 * radii * 100 + 1e-6 - 1) / 2) + 1, return_counts=True)
    assert windows.tolist() == [3, 5, 7] and np.ptp(counts) < 10


def test_a_random_resized_crop_has_its_size_its_areas_and_its_shapes() -> None:
    found = read(A.RandomResizedCrop(size=(32, 48), scale=(0.2, 0.4), ratio=(0.8, 1.5)))
    assert words(found) == ["random_resized_crop", "resize"]
    assert "logarithm" in found.notes[0].text
    drawn = draw(found.policy, [str(i) for i in range(500)], np.ones(500), seed=1, aspects=np.ones(500))
    assert mine(found, scene()).shape == (32, 48, 3)
    kept = drawn.effects["kept"]
    assert 0.2 - 1e-9 <= kept.min() < 0.21 and 0.39 < kept.max() <= 0.4 + 1e-9
    shape = drawn.whole.through[4] / drawn.whole.through[0] * 48 / 32  # window in pixels, width over height
    assert 0.8 - 1e-9 <= shape.min() < 0.83 and 1.45 < shape.max() <= 1.5 + 1e-9


def test_a_random_crop_is_a_window_of_the_picture_at_its_scale() -> None:
    found, picture = read(A.RandomCrop(height=60, width=60)), scene()
    assert words(found) == ["crop", "resize"]
    out = mine(found, picture).astype(float)
    assert out.shape == (60, 60, 3)
    apart = [np.abs(out - picture[i : i + 60, j : j + 60]).mean() for i in range(41) for j in range(41)]
    assert min(apart) < 8 < np.median(apart) / 3


def test_what_changes_the_size_of_some_pictures_only_stays_borrowed() -> None:
    for found in (
        read(A.OneOf([A.Resize(50, 50), A.CenterCrop(50, 50)], p=1)),
        read(A.Sequential([A.Resize(50, 50, p=1)], p=0.5)),
        read(A.RandomResizedCrop(size=(50, 50), p=0.5)),
        read(A.SomeOf([A.Sequential([A.RandomResizedCrop(size=(50, 50), p=1)])], n=1)),
    ):
        assert all(isinstance(step.op, Albumentations) for step in found.policy.leaves())
        policy.parse(policy.dump(found.carried().policy))


def test_a_square_middle_needs_the_shorter_side_alone() -> None:
    wide = Interval(0.5, 2)
    chain = [A.SmallestMaxSize(max_size=64), A.CenterCrop(height=56, width=56)]
    found = read(*chain, side=0, aspect=wide)
    assert words(found) == ["resize", "centre_crop"]
    picture = scene(96, 150)
    assert mine(found, picture).shape == (56, 56, 3)
    guessed = read(*chain, side=0)  # nobody says that pictures are square
    assert words(guessed) == ["resize", "centre_crop"]
    assert mine(guessed, picture).shape == (56, 56, 3)
    assert words(read(chain[0], A.CenterCrop(height=64, width=64), side=0)) == ["resize", "centre_crop"]
    oblong = read(A.SmallestMaxSize(max_size=64), A.CenterCrop(height=50, width=60), side=0, aspect=wide)
    assert isinstance([*oblong.policy.leaves()][1].op, Albumentations)


@pytest.mark.parametrize(
    "transform",
    [
        A.RandomGamma(gamma_limit=(30, 60)), A.Posterize(num_bits=4), A.Equalize(), A.AutoContrast(),
        A.CLAHE(),
        A.FancyPCA(), A.PlanckianJitter(), A.Sharpen(), A.MotionBlur(), A.GridDistortion(), A.Perspective(),
        A.OpticalDistortion(), A.ElasticTransform(), A.ShotNoise(), A.GaussianBlur(blur_limit=(3, 7)),
        A.ColorJitter(), A.CenterCrop(height=61, width=60), A.PadIfNeeded(min_height=121, min_width=100),
        A.PadIfNeeded(min_height=120, min_width=120, position="top_left"), A.Pad(padding=(1, 2, 3, 4)),
    ],
    ids=lambda t: type(t).__name__,
)  # fmt: skip
def test_what_means_something_else_stays_with_its_tool(transform: Any) -> None:
    (step,) = read(transform).policy.steps
    assert isinstance(step, Step) and isinstance(step.op, Albumentations)


def exported(step: str, size: tuple[int, int] | None = (100, 100)) -> interchange.Exported:
    return interchange.to_albumentations(policy.parse(f"{HEAD}  - {step}\n"), size)


BACK = {
    "gamma": "{exponent: [1.3, 1.3]}",
    "solarize": "{threshold: [0.4, 0.4]}",
    "posterize": "{bits: [5, 5]}",
    "median_blur": "{radius: [0.03, 0.03]}",
    "aspect": "{ratio: [1.4, 1.4]}",
    "centre_crop": "{side: 0.6}",
    "pad": "{share: 0.1}",
    "resize": "{width: 40, height: 60}",
}


@pytest.mark.parametrize("word", BACK)
def test_an_exported_step_makes_nearly_the_same_picture(word: str) -> None:
    text, picture = f"{HEAD}  - {word}: {BACK[word]}\n", scene()
    made = policy.parse(text)
    drawn = draw(made, ["a"], np.array([1]), seed=0, aspects=np.ones(1))
    ours = render.render(picture, drawn, 0)
    theirs = interchange.compose(made, (100, 100))(image=picture)["image"]
    assert ours.shape == theirs.shape
    assert np.abs(ours.astype(float) - theirs).mean() < (8 if word in ("posterize", "gamma") else 1.5)


def test_what_departs_is_said_and_what_cannot_be_said_is_left_out() -> None:
    assert "levels apart" in exported("gamma: {exponent: [0.8, 1.2]}").notes[0].text
    assert "levels apart" in exported("posterize: {bits: [5, 5]}").notes[0].text
    assert "once in six" in exported("channel_shuffle").notes[0].text
    for step in ("posterize: {bits: [4, 6]}", "gamma: {exponent: [0.1, 1]}", "equalize: {}",
                 "white_balance: {kelvin: [4000, 7000]}", "aspect: {ratio: [0.9, 1.1]}"):  # fmt: skip
        assert "left out" in exported(step).notes[0].text, step
    assert "left out" in exported("centre_crop: {side: 0.5}", None).notes[0].text


def test_sizes_are_followed_on_the_way_out() -> None:
    made = policy.parse(f"{HEAD}  - resize: {{shorter: 50}}\n  - centre_crop: {{side: 0.8, aspect: 1}}\n"
                        "  - random_resized_crop: {area: [0.5, 0.5]}\n")  # fmt: skip
    out = interchange.compose(made, (200, 100))(image=scene(100, 200))["image"]
    assert out.shape == (40, 40, 3)


def test_what_goes_out_comes_back() -> None:
    steps = (
        "  - salt_pepper: {share: [0.01, 0.05], salt: [0.4, 0.6]}\n"
        "  - solarize: {threshold: [0.25, 0.75], p: 0.5}\n"
        "  - gamma: {exponent: [0.8, 1.2]}\n  - channel_drop: {p: 0.25}\n"
        "  - resize: {width: 64, height: 64}\n"
    )
    made = policy.parse(HEAD + steps)
    again = interchange.read(interchange.compose(made), task="none", side=100)
    for one, other in zip(made.leaves(), again.policy.leaves(), strict=True):
        assert type(one.op) is type(other.op) and one.p == other.p
        for name in (number.name for number in one.op.drawn()):
            if hasattr(one.op, name):
                assert getattr(other.op, name) == pytest.approx(getattr(one.op, name))
