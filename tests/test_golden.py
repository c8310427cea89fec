"""Golden pictures: what each op made of two drawn pictures when it was written down, on any processor.

`python -m tests.test_golden` writes them anew; look at what changed before you commit it.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from augkit.keys import word
from augkit.ops import OPS, Blend
from augkit.render import render
from tests.policies import a_step, drawn, read

ROOT = Path(__file__).parents[1]
FILE = Path(__file__).with_name("golden_pictures.npz")
TELLING = {
    "cutout": {"side": [0.2, 0.4]},
    "downscale": {"to": [6, 9]},
    "gamma": {"exponent": [0.5, 0.7]},
    "median_blur": {"radius": [0.06, 0.1]},
    "posterize": {"bits": [1, 2]},
    "salt_pepper": {"share": [0.1, 0.2]},
    "sharpen": {"strength": [2, 3], "radius": [0.03, 0.05]},
}
"""Settings for ops whose whole range holds little to see, or too much."""

DRAWN = [name for name, op in OPS.items() if not issubclass(op, Blend)]


def picture(height: int, width: int, channels: int) -> np.ndarray:
    """Draw waves, a bright disk and a dark bar, by arithmetic on whole numbers alone."""
    y, x = np.mgrid[:height, :width]
    planes = []
    for channel in range(channels):
        waves = (x * (7 + 3 * channel) + y * (11 - 2 * channel)) % 160 + 20
        disk = (x - width // 3) ** 2 + (y - height // 2) ** 2 < (height // 4) ** 2
        planes.append(np.where(disk, 235 - 40 * channel, np.where(x > width - 4, 8, waves)))
    return np.stack(planes, axis=2).astype(np.uint8)


def made(name: str) -> dict[str, np.ndarray]:
    """Render an op twice in colour and once in grey, with settings drawn by its name."""
    step = a_step(random.Random(word(name)), (name,))
    step = {name: TELLING[name]} if name in TELLING else step
    step[name].pop("p", None)
    policy = read({"version": 1, "task": "none", "fill": 90, "steps": [step]})
    out = {}
    for case, size in (("colour", (24, 32, 3)), ("grey", (20, 20, 1))):
        draws = drawn(policy, 2, seed=7, aspects=(size[1] / size[0],) * 2, corners=False)
        out |= {
            f"{name}.{case}.{i}": render(picture(*size), draws, i) for i in range(2 if size[2] == 3 else 1)
        }
    return out


def strays(name: str) -> list[str]:
    """Say where more than one level in a hundred is further than one from what was written down."""
    golden, said = np.load(FILE), []
    for key, now in made(name).items():
        assert key in golden, "write the golden pictures of a new op down: python -m tests.test_golden"
        assert now.shape == golden[key].shape
        gap = np.abs(now.astype(int) - golden[key])
        if (gap > 1).mean() > 0.01:
            said.append(f"{key}: {(gap > 1).mean():.1%} of the levels differ, by up to {gap.max()}")
    return said


@pytest.mark.parametrize("name", DRAWN)
def test_promise_14_an_op_makes_the_pictures_that_were_written_down(name):
    assert strays(name) == []


PROCESSORS = {
    "without AVX": {"OPENCV_CPU_DISABLE": "AVX2,AVX,FP16"},
    "without SSE4": {"OPENCV_CPU_DISABLE": "AVX2,AVX,FP16,SSE4.2,SSE4.1"},
    "without Intel's library": {"OPENCV_IPP": "disabled"},
    "with neither": {"OPENCV_CPU_DISABLE": "AVX2,AVX,FP16,SSE4.2,SSE4.1", "OPENCV_IPP": "disabled"},
}


@pytest.mark.parametrize("missing", PROCESSORS)
def test_promise_14_another_processor_makes_the_pictures_that_were_written_down(missing):
    call = [sys.executable, "-m", "tests.test_golden", "compare"]
    env = {**os.environ, **PROCESSORS[missing]}
    run = subprocess.run(call, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.splitlines()[1:]) == (0, []), run.stderr
    switched = run.stdout.splitlines()[0].split()
    assert ("ipp" in switched) <= ("OPENCV_IPP" not in env)
    assert ("avx2" in switched) <= ("OPENCV_CPU_DISABLE" not in env)


@pytest.mark.slow
@pytest.mark.parametrize("without", ["AVX2,AVX512_SKX", "AVX2,AVX512_SKX,AVX,FP16,SSE4_2"])
def test_promise_14_a_processor_that_knows_less_makes_them_too(without):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    variables = os.environ | {"OPENCV_CPU_DISABLE": without, "OPENCV_IPP": "disabled"}
    done = subprocess.run(
        command, cwd=FILE.parents[1], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_no_golden_picture_is_left_over():
    assert {key.partition(".")[0] for key in np.load(FILE)} == set(DRAWN)


if __name__ == "__main__":
    if sys.argv[1:] == ["compare"]:
        switched = {"ipp": cv2.ipp.useIPP(), "avx2": cv2.checkHardwareSupport(11)}  # CV_CPU_AVX2
        print("on:", *(name for name, on in switched.items() if on))
        print(*(said for name in DRAWN for said in strays(name)), sep="\n", end="")
    else:
        np.savez_compressed(FILE, **{key: value for name in DRAWN for key, value in made(name).items()})
