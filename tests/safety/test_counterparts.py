"""Transforms of albumentations that plainly leave a limit are called unsafe, with a draw that shows it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from augkit import policy, tasks
from augkit.ops.foreign import Albumentations, transform
from augkit.render import render
from augkit.safety import Verdict, judge
from augkit.safety.counterparts import counterparts, shown_by
from tests.policies import drawn

PICTURE = np.random.default_rng(2).integers(0, 256, (33, 33, 3), dtype=np.uint8)


def judged(step: str, task: str) -> Verdict:
    text = f"version: 1\ntask: {task}\nsteps:\n  - albumentations: {{{step}}}\n"
    return judge(policy.parse(text, "borrowed.yaml"), tasks.load(task))


UNSAFE = [
    ("name: HorizontalFlip, p: 0.5", "latin-letters", "LS401"),
    ("name: VerticalFlip, p: 0.5", "digits", "LS101"),
    ("name: Rotate, limit: [-45, 45], p: 0.5", "digits", "LS102"),
    ("name: RandomRotate90, p: 0.5", "digits", "LS102"),
    ("name: D4", "digits", "LS101"),
    ("name: Transpose", "digits", "LS101"),
    ("name: Affine, rotate: [-60, 60], scale: [0.9, 1.1]", "digits", "LS102"),
    ("name: Affine, scale: [0.2, 1.1]", "digits", "LS104"),
    ("name: ShiftScaleRotate", "digits", "LS102"),
    ("name: InvertImg", "natural", "LS203"),
    (
        "name: RandomBrightnessContrast, brightness_limit: [-0.9, 0.9], ensure_safe_range: false",
        "digits",
        "LS202",
    ),
    ("name: ToGray", "colour-coded", "LS205"),
    ("name: ChannelShuffle", "colour-coded", "LS206"),
]


@pytest.mark.parametrize("step, task, code", UNSAFE)
def test_what_leaves_a_limit_is_unsafe_and_shown(step, task, code):
    findings = [finding for finding in judged(step, task).findings if finding.code == code]
    assert findings
    for finding in findings:
        assert (finding.state, finding.where) == ("unsafe", "borrowed.yaml:4:5")
        assert finding.witness is not None
        assert render(PICTURE, finding.witness, 0).shape == PICTURE.shape


@pytest.mark.parametrize(
    "step, task",
    [
        ("name: Rotate, limit: [-10, 10], p: 0.5", "digits"),
        ("name: HorizontalFlip, p: 0.5", "natural"),
        ("name: Affine, rotate: [-10, 10]", "digits"),
    ],
)
def test_what_stays_inside_is_still_safe(step, task):
    assert judged(step, task).safe


def test_what_no_op_of_augkit_does_stays_unproven_and_claims_no_draw():
    verdict = judged("name: GaussianBlur, sigma_limit: [5, 6]", "digits")
    (finding,) = verdict.findings
    assert (verdict.word, finding.code, finding.witness) == ("unproven", "LS303", None)
    assert "worst draw" not in finding.problem


def test_endless_pixels_are_not_lost_to_a_zoom_without_end():
    codes = {finding.code for finding in judged("name: ElasticTransform, alpha: 300", "digits").findings}
    assert "LS304" not in codes


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("HorizontalFlip", "{}"),
        ("VerticalFlip", "{}"),
        ("Transpose", "{}"),
        ("InvertImg", "{}"),
        ("Rotate", '{"limit": [30, 30]}'),
        ("Rotate", '{"limit": [-30, -30]}'),
        ("Affine", '{"rotate": [25, 25]}'),
        ("Affine", '{"scale": [0.7, 0.7], "keep_ratio": true}'),
        ("Affine", '{"scale": {"x": [0.7, 0.7], "y": [1.2, 1.2]}}'),
        ("Affine", '{"translate_percent": {"x": [0.25, 0.25], "y": [0.125, 0.125]}}'),
        ("ToGray", "{}"),
        (
            "RandomBrightnessContrast",
            '{"brightness_limit": [0.3, 0.3], "contrast_limit": [0, 0], "ensure_safe_range": false}',
        ),
    ],
)
def test_a_counterpart_makes_the_picture_that_the_transform_makes(name, arguments):
    borrowed = Albumentations(name=name, arguments=arguments)
    smooth = np.kron(PICTURE[:4, :4], np.ones((12, 12, 1), np.uint8))
    theirs = transform(name, arguments)(image=smooth)["image"].astype(int)
    ops = shown_by(borrowed)
    assert ops
    read = policy.parse("version: 1\ntask: none\nsteps:\n  - albumentations: {name: NoOp}\n")
    found = []
    for op in ops:
        (step,) = read.steps
        own = dataclasses.replace(read, steps=(dataclasses.replace(step, op=op),))
        ours = render(smooth, drawn(own, 1), 0).astype(int)
        found.append(np.abs(ours - theirs)[3:-3, 3:-3].mean())
    assert min(found) < 3


def test_a_policy_without_borrowed_steps_has_no_counterpart():
    assert not list(counterparts(policy.parse("version: 1\ntask: none\nsteps: [flip_horizontal]\n")))
