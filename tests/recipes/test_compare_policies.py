"""Policies side by side: the same steps and test pictures for each, and nothing claimed that is chance."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from augkit import backend, policy
from augkit.errors import UsageError
from recipes import compare_policies, digits, pictures
from recipes.runs import comparison, settings

SHIPPED = Path(__file__).parents[2] / "recipes/compare_policies.yaml"


def flat(network, shape, classes, how, steps, seed):
    """Build what takes the place of AlexNet where a test is of something else."""
    keras = backend.load()
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(classes)]
    model = keras.Sequential([keras.Input(shape), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(how.rate), loss, metrics=["accuracy"])
    return model


def write(folder: Path, each: int, seed: int = 0) -> Path:
    random = np.random.default_rng(seed)
    for level in range(10):
        (folder / str(level)).mkdir(parents=True)
        for i in range(each):
            picture = (random.integers(0, 60, (28, 28)) + 19 * level).astype(np.uint8)
            cv2.imwrite(str(folder / str(level) / f"{i}.png"), picture)
    return folder


def held(*changes: str) -> compare_policies.Settings:
    few = ["train.epochs=1", "train.steps=3", "train.batch=8"]
    return settings.load(compare_policies.Settings, SHIPPED, [*few, *changes])


@pytest.mark.thorough
def test_every_arm_is_trained_alike_and_tested_on_the_same_pictures(tmp_path, monkeypatch):
    monkeypatch.setattr(digits, "build", flat)
    arms = "arms={none: {}, relabel: {policy: digits-half-turn-unsafe.yaml, on_unsafe: relabel}}"
    given = held(f"data.source={write(tmp_path / 'd', 10)}", "seeds=[3, 4]", arms)
    said = compare_policies.run(given, tmp_path / "out")
    assert "none" in said and "relabel" in said
    results = json.loads((tmp_path / "out" / "comparison.json").read_text("utf-8"))
    assert list(results) == ["3", "4"]
    for seed, arms in results.items():
        assert [arm["title"] for arm in arms] == ["none", "relabel"]
        assert len({arm["settings"]["test"] for arm in arms}) == 1
        assert len({arm["settings"]["plan"] for arm in arms}) == 2
        assert {(arm["settings"]["epochs"], arm["settings"]["steps"]) for arm in arms} == {(1, 3)}
        assert {arm["settings"]["pictures"] for arm in arms} == {20}
        assert (tmp_path / "out" / f"seed-{seed}" / "relabel" / "report.md").exists()
    assert results["3"][0]["settings"]["test"] != results["4"][0]["settings"]["test"]
    page = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    assert "Every arm made the same 3 steps of 8 pictures." in page
    picture = cv2.imread(str(tmp_path / "out" / "comparison.png"))
    assert min(picture.shape[:2]) > 400


def test_the_arms_that_ship_are_judged_and_each_does_another_thing():
    arms = held().arms
    assert list(arms) == ["none", "safe", "unsafe", "redraw", "relabel"]
    plans = [
        pictures.plan(arm.policy, arm.task, tuple("0123456789"), seed=0, on_unsafe=arm.on_unsafe)
        for arm in arms.values()
    ]
    assert len({plan.digest for plan in plans}) == 5
    assert [plan.safe.task.survives_everything for plan in plans] == [True, False, True, False, False]


def test_half_a_turn_is_all_that_the_unsafe_policy_has_more_than_the_safe_one():
    safe, unsafe = (
        policy.load(pictures.policy_file(name)) for name in ("digits.yaml", "digits-half-turn-unsafe.yaml")
    )
    assert unsafe.canonical()["steps"][:-1] == safe.canonical()["steps"]
    assert unsafe.canonical()["steps"][-1]["rotate"] == {"degrees": [180, 180], "p": 0.5}


def test_confusions_to_count_change_the_table_and_no_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(digits, "build", flat)
    given = [f"data.source={write(tmp_path / 'd', 10)}", "seeds=[0]", "arms={none: {}, more: {}}"]
    given += ["train.epochs=1", "train.steps=3", "train.batch=8"]
    words = [word for change in given for word in ("--set", change)]
    assert compare_policies.main([*words, "--out", str(tmp_path / "out")]) == 0
    assert "6 read as 9" in capsys.readouterr().out
    monkeypatch.setattr(digits, "build", None)
    again = [*words, "--set", "confused={'1': '7'}", "--out", str(tmp_path / "out")]
    assert compare_policies.main(again) == 0
    assert "1 read as 7" in capsys.readouterr().out


def test_confusions_of_classes_that_there_are_not_are_refused_before_anything_is_trained(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(digits, "build", None)
    source = f"data.source={write(tmp_path / 'd', 10)}"
    words = ["--set", source, "--set", "confused={'6': 'nine'}", "--out", str(tmp_path / "out")]
    assert compare_policies.main(words) == 2
    assert "confused: got 'nine', want one of 0, 1, 2" in capsys.readouterr().err
    assert not (tmp_path / "out" / "seed-0").exists()


def test_of_classes_other_than_digits_no_confusions_are_counted_unless_they_are_named():
    assert compare_policies.confusions(None, ("5", "6", "9")) == [("6", "9"), ("9", "6")]
    assert compare_policies.confusions(None, ("cat", "dog", "6")) == []
    assert compare_policies.confusions({"cat": "dog"}, ("cat", "dog", "6")) == [("cat", "dog")]
    with pytest.raises(UsageError) as caught:
        compare_policies.confusions({"cat": "dogs"}, ("cat", "dog"))
    assert caught.value.fix == "did you mean dog?"


def test_an_arm_may_be_a_data_set_that_was_made_before(tmp_path, monkeypatch):
    monkeypatch.setattr(digits, "build", flat)
    test = tmp_path / "d"
    write(test / "train", 2)
    write(test / "test", 3, seed=1)
    more = write(tmp_path / "more" / "train", 5, seed=2).parent
    arms = f"arms={{none: {{}}, more: {{data: {more}}}}}"
    given = held(f"data.source={test}", "data.split=null", arms, "seeds=[0]")
    compare_policies.run(given, tmp_path / "out")
    (none, made) = json.loads((tmp_path / "out" / "comparison.json").read_text("utf-8"))["0"]
    assert (none["settings"]["pictures"], made["settings"]["pictures"]) == (20, 50)
    assert none["settings"]["test"] == made["settings"]["test"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("arms={none: {}}", "got 1 arms, want two or more"),
        ("arms={none: {}, a/b: {}}", "without '/'"),
        ("seeds=[]", "seeds: want one or more, each once"),
        ("seeds=[1, 1]", "seeds: want one or more, each once"),
        ("train.steps=null", "set train.steps"),
        ("arms.safe.polcy=x", "did you mean policy?"),
        ("arms.safe.on_unsafe=relable", "did you mean relabel?"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, said):
    with pytest.raises(UsageError) as caught:
        held(change)
    assert said in str(caught.value)


def result(title, sixes, nines):
    """Make a result: of 50 sixes and 50 nines so many read correctly."""
    return {
        "title": title,
        "accuracy": (sixes + nines) / 100,
        "classes": ["6", "9"],
        "confusion": [[sixes, 50 - sixes], [50 - nines, nines]],
    }


def cells(text: str) -> dict[str, list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert len({len(line) for line in text.splitlines()}) == 1
    return {row[0]: row[1:] for row in rows}


def test_the_table_has_mean_spread_and_confusions_over_seeds():
    found = {
        0: [result("none", 50, 40), result("safe", 50, 45)],
        1: [result("none", 50, 44), result("safe", 50, 47)],
    }
    table = cells(comparison.table(found, [("9", "6"), ("6", "9")]))
    assert table["seed 1"] == ["94.00 %", "97.00 %"]
    assert table["all"] == ["92.00 ± 2.83 %", "96.00 ± 1.41 % (+4.00 ± 1.41)"]
    assert table["9"] == ["84.0 ± 5.7 %", "92.0 ± 2.8 % (+8.0 ± 2.8)"]
    assert table["9 read as 6"] == ["16 of 100", "8 of 100"]
    assert table["6 read as 9"] == ["0 of 100", "0 of 100"]
    assert table["gained"] == ["", "9"]
    assert table["hurt"] == ["", "-"]


def test_a_class_is_called_hurt_only_where_all_seeds_agree_and_more_than_they_differ():
    def found(*losses):
        return {i: [result("none", 40, 40), result("x", 40 - n, 40)] for i, n in enumerate(losses)}

    assert cells(comparison.table(found(5, 6, 7)))["hurt"] == ["", "6"]
    assert cells(comparison.table(found(5, 6, -1)))["hurt"] == ["", "-"]
    assert cells(comparison.table(found(1, 1, 30)))["hurt"] == ["", "-"]
    assert cells(comparison.table(found(-5, -6, -7)))["gained"] == ["", "6"]


def test_one_seed_has_no_spread_and_claims_nothing():
    table = cells(comparison.table({0: [result("none", 50, 40), result("safe", 50, 45)]}))
    assert table["all"] == ["90.00 %", "95.00 % (+5.00)"]
    assert [name for name in table if name.strip("-")] == ["all", "6", "9"]


@pytest.mark.parametrize("pairs", [(), (("6", "9"), ("9", "6"))])
@pytest.mark.parametrize("seeds", [1, 3])
def test_a_comparison_is_drawn_and_written(tmp_path, pairs, seeds):
    found = {seed: [result("none", 50, 40), result("unsafe", 43 - seed, 38)] for seed in range(seeds)}
    text = comparison.write(found, tmp_path / "out", pairs, "Alike.")
    page = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    assert text in page and "Alike." in page
    assert ("standard deviation" in page) == (seeds > 1)
    assert min(cv2.imread(str(tmp_path / "out" / "comparison.png")).shape[:2]) > 250
