"""The recipes' policies do what they are named after, and the task that they name lets them through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from augkit import policy, tasks
from augkit.plan import Plan
from augkit.safety import judge
from augkit.transform import Transform

FOLDER = Path(__file__).parents[2] / "recipes/policies"
PAPER = FOLDER / "alexnet-2012.yaml"


def plan() -> Plan:
    read = policy.load(PAPER)
    return Plan(judge(read, tasks.load("natural")).safe_policy(), ("cat", "dog"), seed=1)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_policy_is_safe_for_its_task_unless_it_is_named_unsafe(path):
    read = policy.load(path)
    verdict = judge(read, tasks.load(read.task))
    assert verdict.safe == (not path.stem.endswith("unsafe")), verdict.text()


def test_the_paper_s_policy_is_judged_for_photographs():
    assert policy.load(PAPER).task == "natural"


def changed(picture: np.ndarray, count: int) -> np.ndarray:
    """Return what the paper's policy makes of one picture, `count` times."""
    rows = {"image": [picture] * count, "label": [0] * count, "key": [f"p{i}" for i in range(count)]}
    return np.stack(Transform(plan())(rows)["image"]).astype(np.float64)


def test_a_crop_is_224_pixels_of_a_square_of_256_anywhere_at_its_own_size_mirrored_at_even_odds():
    """Red and green rise by a step each pixel, so their slopes and levels say where a crop came from."""
    across, down = np.meshgrid(np.arange(256), np.arange(256))
    picture = np.stack([across, down, np.full_like(across, 128)], axis=-1).astype(np.uint8)
    made = changed(picture, 80)
    assert made.shape == (80, 224, 224, 3)
    middle = made[:, 60:160, 60:160]
    slopes = (middle[:, :, -1, 0] - middle[:, :, 0, 0]).mean(axis=1) / 99
    np.testing.assert_allclose(np.abs(slopes), 1, atol=0.02)
    assert 24 <= (slopes < 0).sum() <= 56
    np.testing.assert_allclose((middle[:, -1, :, 1] - middle[:, 0, :, 1]).mean(axis=1) / 99, 1, atol=0.02)
    # The blue that was added tells the colour; the places are then those of a window that may move by 32.
    for channel, axis in ((0, 2), (1, 1)):
        level = middle[..., channel].mean(axis=(1, 2)) - 127.5
        assert level.min() < -8 and level.max() > 8, axis
        assert np.abs(level).max() < 40, axis


def test_a_wide_picture_keeps_its_middle_alone():
    picture = np.zeros((300, 500, 3), dtype=np.uint8)
    picture[:, 100:400] = 200
    assert changed(picture, 8)[:, 2:-2, 2:-2].min() > 120


def test_a_picture_gets_one_colour_all_over_and_every_picture_another():
    made = changed(np.full((256, 256, 3), 128, dtype=np.uint8), 60)
    assert np.ptp(made, axis=(1, 2)).max() <= 1
    colours = made[:, 112, 112] - 128
    assert len(np.unique(colours, axis=0)) > 25
    # The first eigenvector is close to grey and has most of the variance.
    assert np.corrcoef(colours.T)[0, 1] > 0.8
