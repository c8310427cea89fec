from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import albumentations as A
import numpy as np
import pytest

from augkit import interchange, policy, render, safety, tasks
from augkit.draw import Draws, draw
from augkit.errors import PolicyError, UsageError
from augkit.interchange import Converted
from augkit.intervals import Interval
from augkit.ops.foreign import Albumentations, Declared
from augkit.reach import AXES, Reach
from augkit.steps import Choice, Step

SQUARE = Interval(1, 1)
HEAD = "version: 1\ntask: none\nsteps:\n"


def read(pipeline: Any, task: str = "digits", **terms: Any) -> Converted:
    return interchange.read(pipeline, task=task, name="aug", **terms)


def judged(pipeline: Any, task: str = "digits", **terms: Any) -> safety.Verdict:
    return safety.judge(read(pipeline, task, **terms).policy, tasks.load(task))


def codes(verdict: safety.Verdict) -> set[str]:
    return {finding.code for finding in verdict.findings}


def steps(pipeline: Any, **terms: Any) -> list[Any]:
    return [next(iter(step.items())) for step in read(pipeline, **terms).policy.canonical()["steps"]]


def test_a_flip_of_letters_is_refused_for_b_that_reads_d() -> None:
    verdict = judged(A.Compose([A.HorizontalFlip()]), "latin-letters")
    assert verdict.word == "unsafe" and "LS101" in codes(verdict)
    becomes = [pair for finding in verdict.findings for pair in finding.becomes]
    assert ("b", "d") in becomes and ("d", "b") in becomes
    (where,) = {finding.where for finding in verdict.findings}
    assert where == "aug: transforms[0] HorizontalFlip"


def test_a_flip_of_photographs_is_safe() -> None:
    assert judged(A.Compose([A.HorizontalFlip()]), "natural").safe


def test_two_flips_make_a_half_turn() -> None:
    verdict = judged(A.Compose([A.HorizontalFlip(p=1), A.VerticalFlip(p=1)]))
    assert "LS102" in codes(verdict) and "LS101" not in codes(verdict)


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_saved_pipeline_is_read_as_the_live_one_is(tmp_path: Path, form: Any) -> None:
    pipeline = A.Compose([
        A.Rotate(limit=12, p=0.7), A.OneOf([A.Blur(), A.GaussNoise(std_range=(0, 0.1))], p=0.4),
        A.Affine(scale=(0.9, 1.1), shear={"x": (-5, 5)}), A.Downscale(), A.CoarseDropout(),
    ])  # fmt: skip
    path = tmp_path / f"aug.{form}"
    A.save(pipeline, path, data_format=form)
    assert interchange.foreign(str(path))
    saved = interchange.load(str(path), task="digits").policy
    assert saved.steps == read(pipeline).policy.steps
    assert next(saved.leaves()).where == f"{path}: transforms[0] Rotate"


def test_a_policy_of_augkit_is_no_foreign_pipeline(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("version: 1\ntask: digits\nsteps: []\n")
    assert not interchange.foreign(str(path)) and not interchange.foreign(str(tmp_path / "missing.yaml"))


def test_anchors_that_pyyaml_writes_are_followed(tmp_path: Path) -> None:
    path = tmp_path / "aug.yaml"
    path.write_text(
        "__version__: 2.0.8\ntransform:\n  __class_fullname__: Compose\n  p: 1.0\n  transforms:\n"
        "  - &a {__class_fullname__: HorizontalFlip, p: 0.5}\n  - *a\n"
    )
    assert len(interchange.load(str(path), task="digits").policy.steps) == 2


def test_a_bomb_of_anchors_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    head = "__version__: 2.0.8\ntransform: {__class_fullname__: Compose, transforms: []}\n"
    path = tmp_path / "bomb.yaml"
    path.write_text(head + "\n".join(lines) + "\n")
    with pytest.raises(PolicyError, match="more than 20,000 values"):
        interchange.load(str(path), task="digits")


def test_probabilities_of_groups_are_kept() -> None:
    sequence = A.Sequential([A.Rotate(limit=5, p=1), A.HorizontalFlip(p=0.5)], p=0.3)
    ((word, body),) = steps(A.Compose([sequence]))
    assert word == "one_of" and body["p"] == 0.3
    assert [next(iter(step)) for step in body["steps"][0]] == ["rotate", "flip_horizontal"]
    assert body["steps"][0][1]["flip_horizontal"]["p"] == 0.5


def test_one_of_does_its_transform_for_certain_and_some_of_by_its_own_p() -> None:
    (one,) = steps(A.Compose([A.OneOf([A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.5)], p=0.8)]))
    assert one[1] == {"p": 0.8, "steps": [{"flip_horizontal": {"p": 1.0}}, {"flip_vertical": {"p": 1.0}}]}
    (some,) = steps(A.Compose([A.SomeOf([A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.4)], n=2)]))
    assert some[0] == "some_of" and some[1]["n"] == [2, 2]
    assert some[1]["steps"][1] == {"flip_vertical": {"p": 0.4}}


def test_odds_that_differ_are_said() -> None:
    found = read(A.Compose([A.OneOf([A.HorizontalFlip(p=0.9), A.VerticalFlip(p=0.1)], p=1)]))
    assert "odds of its transforms differ" in found.notes[0].text


def test_a_transform_drawn_twice_can_go_twice_as_far() -> None:
    turns = A.SomeOf([A.Rotate(limit=15, p=1), A.NoOp()], n=2, replace=True, p=1)
    assert "LS102" in codes(judged(A.Compose([turns])))
    assert judged(A.Compose([A.SomeOf([A.Rotate(limit=15, p=1), A.NoOp()], n=2, p=1)])).safe


def test_a_random_order_is_every_order() -> None:
    found = read(A.Compose([A.RandomOrder([A.Rotate(limit=9, p=1), A.HorizontalFlip(p=1)], n=2)]))
    (choice,) = found.policy.steps
    assert isinstance(choice, Choice)
    names = [[step.op.__class__.__name__ for step in branch] for branch in choice.branches]  # type: ignore[union-attr]
    assert names == [["Rotate", "FlipHorizontal"], ["FlipHorizontal", "Rotate"]]


def test_what_nobody_declared_is_named_and_inside_no_limit() -> None:
    found = read(A.Compose([A.Lambda(image=_same, name="mine")]))
    (step,) = found.policy.steps
    assert isinstance(step, Step) and isinstance(step.op, Declared) and step.op.reach == Reach.unknown()
    assert "runs a function of yours" in found.notes[0].text
    verdict = judged(A.Compose([A.Lambda(image=_same, name="mine")]))
    assert verdict.word == "unproven"
    assert all("Lambda" in finding.where for finding in verdict.findings)


def _same(image: Any, **_: Any) -> Any:
    return image


def test_a_transform_of_somebody_else_is_unknown() -> None:
    document = {
        "__version__": "2.0.8",
        "transform": {"__class_fullname__": "my.lab.HorizontalFlip", "p": 1.0},
    }
    (step,) = read(document).policy.steps
    assert step.op.effects(SQUARE) == Reach.unknown()  # type: ignore[union-attr]


def test_an_argument_of_another_version_makes_a_transform_unknown_and_says_so() -> None:
    given = {"__class_fullname__": "GaussNoise", "var_limit": [10, 50], "p": 1.0}
    found = read(
        {"__version__": "1.4.0", "transform": {"__class_fullname__": "Compose", "transforms": [given]}}
    )
    assert any("no argument 'var_limit'" in note.text for note in found.notes)
    assert any("saved by albumentations 1.4.0" in note.text for note in found.notes)


@pytest.mark.parametrize(
    "broken",
    [
        {"__class_fullname__": "Compose", "transforms": 3},
        {"__class_fullname__": "Compose", "transforms": [5]},
        {"__class_fullname__": "Blur", "p": 7},
        {"__class_fullname__": "Blur", "blur_limit": "x", "p": 1.0},
        {"__class_fullname__": "RandomCrop", "p": 1.0},
    ],
)
def test_a_broken_pipeline_is_refused_without_a_traceback(broken: Any) -> None:
    with pytest.raises(PolicyError) as caught:
        read({"__version__": "2.0.8", "transform": broken}, side=28)
    assert caught.value.where.startswith("aug")


def test_an_object_of_no_tool_is_refused() -> None:
    with pytest.raises(UsageError, match="want a pipeline of albumentations, torchvision or Keras"):
        read(object())


def test_types_and_ranges_are_left_to_the_network() -> None:
    found = read(A.Compose([A.Normalize(), A.ToFloat()]))
    assert found.policy.steps == () and len(found.notes) == 2


def test_a_crop_in_pixels_needs_the_pictures_size() -> None:
    crop = A.Compose([A.RandomCrop(height=24, width=24)])
    assert "LS301" in codes(judged(crop))
    assert any("give --side" in note.text for note in read(crop).notes)
    assert "LS301" not in codes(judged(crop, side=28))


def test_a_resize_before_a_crop_says_the_size() -> None:
    chain = A.Compose([A.Resize(256, 256), A.RandomCrop(224, 224), A.HorizontalFlip()])
    found = read(chain, "natural")
    assert not any("--side" in note.text for note in found.notes)
    assert judged(chain, "natural").reach.kept.low == pytest.approx((224 / 256) ** 2)


def test_the_pipeline_of_imagenet_is_safe_for_photographs() -> None:
    chain = A.Compose(
        [A.RandomResizedCrop(size=(224, 224), scale=(0.1, 1)), A.HorizontalFlip(), A.Normalize()]
    )
    wide = Interval(0.75, 1.5)
    found = read(chain, "natural", aspect=wide)
    verdict = safety.judge(found.policy, tasks.load("natural"), aspect=wide)
    assert verdict.safe, verdict.text()


def one_draw(converted: Converted) -> Draws:
    return draw(converted.policy, ["a"], np.array([1]), seed=0, aspects=np.ones(1))


def picture() -> np.ndarray:
    """Return a smooth picture without symmetry, so that a wrong sign shows and interpolation does not."""
    y, x = np.mgrid[0:100, 0:100] / 99.0
    blobs = [(0.3, 0.25, 0.07, 220), (0.6, 0.7, 0.1, 160), (0.75, 0.3, 0.05, 200)]
    values = sum(level * np.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * s * s)) for a, b, s, level in blobs)
    return np.clip(values, 0, 255).astype(np.uint8)[:, :, None]


def close(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one.astype(float) - other.astype(float)).mean() < 0.8)


@pytest.mark.parametrize(
    "transform",
    [
        A.HorizontalFlip(p=1),
        A.VerticalFlip(p=1),
        A.Transpose(p=1),
        A.InvertImg(p=1),
        A.Rotate(limit=(25, 25), p=1),
        A.Affine(rotate=(-40, -40), p=1),
        A.Affine(scale=(0.7, 0.7), p=1),
        A.Affine(scale={"x": (0.7, 0.7), "y": (1.2, 1.2)}, rotate=(30, 30), p=1),
        A.Affine(shear={"x": (20, 20), "y": (0, 0)}, p=1),
        A.Affine(shear={"x": (0, 0), "y": (15, 15)}, rotate=(10, 10), p=1),
        A.Affine(translate_percent={"x": (0.2, 0.2), "y": (0.1, 0.1)}, p=1),
        A.Affine(
            scale=0.8,
            rotate=(33, 33),
            shear={"x": (-12, -12), "y": (0, 0)},
            translate_percent={"x": 0.1, "y": -0.05},
            p=1,
        ),
        A.ShiftScaleRotate(shift_limit=(0.1, 0.1), scale_limit=(-0.2, -0.2), rotate_limit=(15, 15), p=1),
        A.RandomBrightnessContrast(brightness_limit=(0.2, 0.2), contrast_limit=0, p=1),
    ],
    ids=lambda t: type(t).__name__,
)
def test_a_native_step_makes_the_same_picture_as_its_transform(transform: Any) -> None:
    converted = read(A.Compose([transform]), side=100)
    assert all(not isinstance(step.op, Albumentations | Declared) for step in converted.policy.leaves())
    mine = render.render(picture(), one_draw(converted), 0)
    assert close(mine, transform(image=picture())["image"].reshape(100, 100, 1))
    if not isinstance(transform, A.RandomBrightnessContrast):
        assert not close(mine, picture())


def test_shears_both_ways_at_once_stay_with_albumentations() -> None:
    both = A.Compose([A.Affine(shear={"x": (-9, 9), "y": (-9, 9)}, p=1)])
    (step,) = read(both).carried().policy.steps
    assert isinstance(step, Step) and isinstance(step.op, Albumentations)


def test_a_shear_of_x_alone_leans_y_by_a_degree_as_albumentations_does() -> None:
    (step,) = read(A.Compose([A.Affine(shear={"x": (0, 0)}, p=1)])).policy.steps
    assert isinstance(step, Step)
    assert step.op.effects(SQUARE).turn.arcs[0][1] == pytest.approx(0.5, abs=0.01)


def test_quarter_turns_and_the_square_group_are_as_likely_as_there() -> None:
    (quarter,) = steps(A.Compose([A.RandomRotate90(p=0.8)]))
    assert quarter == ("quarter_turn", {"p": pytest.approx(0.6)})
    flip, turn = steps(A.Compose([A.D4(p=1)]))
    assert flip == ("flip_horizontal", {"p": 0.5}) and turn == ("quarter_turn", {"p": 0.75})


def test_fill_and_border_are_carried_and_a_second_one_is_said() -> None:
    found = read(A.Compose([A.Rotate(limit=5, fill=(9, 8, 7)), A.Affine(scale=(0.9, 1.0), border_mode=1)]))
    assert found.policy.fill == (9, 8, 7) and found.policy.border == "constant"
    assert any("one policy has one border" in note.text for note in found.notes)
    mirrored = read(A.Compose([A.Rotate(limit=5, fill=9), A.Affine(scale=(0.5, 1.0), border_mode=4)]))
    assert mirrored.policy.border == "reflect", "what shows most is judged"
    assert any("all steps get reflect" in note.text for note in mirrored.notes)
    assert any("leave out the picture's last pixels" in note.text for note in mirrored.notes)
    wrapped = read(A.Compose([A.Rotate(limit=5, border_mode=3, p=1)]))
    assert safety.judge(wrapped.policy, tasks.load("digits")).findings[0].code == "LS907"


@pytest.mark.parametrize("border", ["constant", "edge", "reflect"])
def test_a_border_goes_out_and_comes_back(border: str) -> None:
    made = policy.parse(f"version: 1\ntask: none\nborder: {border}\nsteps:\n  - shift: {{x: [0.25, 0.25]}}\n")
    again = read(interchange.compose(made)).policy
    assert again.border == border
    picture = np.random.default_rng(1).integers(0, 256, (32, 32, 1), dtype=np.uint8)
    ours = render.render(picture, draw(made, ["a"], [1], seed=0, aspects=np.ones(1)), 0)
    theirs = interchange.compose(made)(image=picture)["image"]
    assert np.abs(ours.astype(int) - theirs.reshape(ours.shape)).max() <= 1


def test_what_is_carried_can_be_written_read_and_rendered() -> None:
    pipeline = A.Compose([
        A.Rotate(limit=10), A.SomeOf([A.Blur(), A.GaussNoise(), A.Lambda(image=_same, name="l")], n=2),
        A.OneOf([A.HorizontalFlip(), A.NoOp()]), A.RandomResizedCrop(size=(32, 32)), A.RandomToneCurve(),
    ])  # fmt: skip
    carried = read(pipeline, "none").carried()
    again = policy.parse(policy.dump(carried.policy))
    assert again == carried.policy
    assert any("augkit has no op for it" in note.text for note in carried.notes)
    drawn = draw(again, ["a", "b"], np.array([1, 1]), seed=3, aspects=np.ones(2))
    assert render.render(picture(), drawn, 1).shape == (32, 32, 1)


def test_every_axis_of_a_foreign_verdict_is_in_the_table_of_axes() -> None:
    verdict = judged(A.Compose([A.GaussNoise(), A.Perspective()]))
    assert {finding.axis for finding in verdict.findings} <= set(AXES)


def exported(text: str, size: tuple[int, int] | None = None) -> interchange.Exported:
    return interchange.to_albumentations(policy.parse(HEAD + text), size)


NATIVE = {
    "shift": "x: [0.1, 0.1], y: [-0.2, -0.2]",
    "flip_horizontal": "",
    "flip_vertical": "",
    "zoom": "factor: [0.8, 0.8], x: [0.7, 0.7], y: [1.1, 1.1]",
    "rotate": "degrees: [21, 21]",
    "transpose": "",
    "shear": "x_degrees: [15, 15], y_degrees: [-9, -9]",
    "contrast": "gain: [1.3, 1.3]",
    "brightness": "shift: [-0.1, -0.1]",
    "invert": "",
}


@pytest.mark.parametrize("word", NATIVE)
def test_an_exported_step_makes_the_same_picture(word: str) -> None:
    text = f"{HEAD}  - {word}: {{{NATIVE[word]}}}\n"
    mine = policy.parse(text)
    drawn = draw(mine, ["a"], np.array([1]), seed=0, aspects=np.ones(1))
    theirs = interchange.compose(mine)(image=picture())["image"].reshape(100, 100, 1)
    assert close(render.render(picture(), drawn, 0), theirs)


def test_a_quarter_turn_is_exported_as_one_of_three() -> None:
    turned = interchange.compose(policy.parse(HEAD + "  - quarter_turn\n"))
    seen = set()
    for seed in range(12):
        turned.set_random_seed(seed)
        out = turned(image=picture())["image"].reshape(100, 100, 1)
        seen |= {k for k in (1, 2, 3) if close(out, np.rot90(picture(), k))}
    assert seen == {1, 2, 3}


def test_an_exported_policy_is_loaded_by_albumentations_and_read_back(tmp_path: Path) -> None:
    text = (
        "  - rotate: {degrees: [-10, 10], p: 0.4}\n"
        "  - one_of:\n      - albumentations: {name: Blur, blur_limit: [3, 5]}\n      - invert\n"
        "  - some_of: {n: [1, 2], steps: [flip_horizontal, [flip_vertical, transpose]], p: 0.5}\n"
    )
    document = exported(text).document
    path = tmp_path / "aug.json"
    path.write_text(json.dumps(document))
    loaded = A.load(path, data_format="json")
    assert loaded(image=picture()[:, :, 0])["image"].shape == (100, 100)
    back = interchange.load(str(path), task="none").policy
    leaves = [type(step.op).__name__ for step in back.leaves()]
    assert leaves[:3] == ["Rotate", "Albumentations", "Invert"]


def test_what_albumentations_cannot_say_is_listed() -> None:
    found = exported("  - elastic: {displacement: [0, 0.02]}\n  - blur: {sigma: [0, 0.01]}\n")
    assert len(found.notes) == 2 and all("left out" in note.text for note in found.notes)
    assert len(exported("  - blur: {sigma: [0, 0.01]}\n", (28, 28)).notes) == 0
    with pytest.raises(UsageError, match="nothing that means the same as elastic"):
        interchange.compose(
            policy.parse("version: 1\ntask: none\nsteps:\n  - elastic: {displacement: [0, 0.02]}\n")
        )


def test_a_guard_is_said_not_to_be_exported() -> None:
    guarded = policy.parse(
        "version: 1\ntask: digits\non_unsafe: redraw\nsteps:\n  - rotate: {degrees: [-90, 90]}\n"
    )
    assert any("cannot redraw" in note.text for note in interchange.to_albumentations(guarded).notes)


def test_a_step_of_unknown_effect_is_named_once_and_the_others_are_judged_without_it() -> None:
    pipeline = A.Compose([A.HorizontalFlip(p=0.5), A.Lambda(image=_unchanged), A.Rotate(limit=10)])
    mine = interchange.read(pipeline, task="digits", name="mine").policy
    judged = safety.judge(mine, tasks.load("digits"))
    assert sorted({finding.code for finding in judged.findings}) == ["LS101", "LS907"]
    assert [finding.code for finding in judged.findings].count("LS907") == 1
    assert "all other steps together" in judged.summary()


def _unchanged(picture: object, **_: object) -> object:
    return picture
