"""Settings: read from YAML, changed by --set, saved to be read again, every mistake told at its place."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import pytest

from augkit.errors import UsageError
from recipes.runs import command, settings
from recipes.runs.settings import Count, OneOf, PartShare, Positive, Seed, Share, Within

ROOT = Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Train:
    epochs: Count
    rate: Positive
    optimiser: Literal["sgd", "adam"]
    turns: Annotated[float, Within(-180, 180)]
    momentum: PartShare = 0.9
    preset: Annotated[str, OneOf(("paper", "digits"))] = "paper"


@dataclasses.dataclass(frozen=True)
class Whole:
    source: str
    held: Share
    fold: Count | None
    seeds: tuple[int, ...]
    shuffle: bool
    train: Train
    arms: dict[str, Train | None]

    def __post_init__(self) -> None:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a seed stands twice")


WRITTEN = """\
source: mnist-sample
held: 0.1
fold: null
seeds: [0, 1]
shuffle: true
train: {epochs: 3, rate: 1e-3, optimiser: sgd, turns: -12}
arms: {none: null}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "whole.yaml"
    path.write_text(WRITTEN, encoding="utf-8")
    return path


def test_a_file_becomes_a_dataclass(file):
    train = Train(3, 0.001, "sgd", -12)
    assert settings.load(Whole, file) == Whole("mnist-sample", 0.1, None, (0, 1), True, train, {"none": None})


def test_a_change_takes_its_place_and_leaves_the_others(file):
    changed = settings.load(Whole, file, ["train.epochs=5", "fold=2", "seeds=[7]", "source=./a=b"])
    assert changed == dataclasses.replace(
        settings.load(Whole, file),
        train=Train(5, 0.001, "sgd", -12),
        fold=2,
        seeds=(7,),
        source="./a=b",
    )


def test_the_later_of_two_changes_holds_and_nothing_can_be_made_something(file):
    arm = "arms.none={epochs: 1, rate: 1, optimiser: adam, turns: 0}"
    changed = settings.load(Whole, file, ["fold=2", "fold=3", arm, "arms.none.epochs=4"])
    assert changed.fold == 3
    assert changed.arms == {"none": Train(4, 1.0, "adam", 0.0)}
    assert settings.load(Whole, file, ["fold=2", "fold="]).fold is None


def test_saved_settings_are_read_back_to_the_same(file, tmp_path):
    held = settings.load(Whole, file, ["source='1e3: yes'", "train.rate=0.123456789012345"])
    again = tmp_path / "again.yaml"
    again.write_text(settings.text(held, "what it is"), encoding="utf-8")
    assert again.read_text(encoding="utf-8").startswith("# what it is\nsource:")
    assert settings.load(Whole, again) == held


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "train.epoch=3",
            "--set train.epoch=3: train.epoch: got 'epoch', want one of epochs, mom",
        ),
        (
            "train.epochs=many",
            "--set train.epochs=many: train.epochs: got 'many', want a whole number",
        ),
        ("train.epochs=0", "got 0, want a whole number from 1"),
        ("train.epochs=true", "got True, want a whole number from 1"),
        ("train.epochs=2.5", "got 2.5, want a whole number"),
        ("train.rate=0", "got 0, want a number above 0"),
        ("train.rate=.nan", "want a finite number"),
        ("train.turns=181", "got 181, want a number from -180 to 180"),
        ("train.optimiser=adm", "got 'adm', want one of sgd, adam"),
        ("train.momentum=1", "got 1, want a number from 0 and below 1"),
        (
            "train.preset=papre",
            "--set train.preset=papre: train.preset: got 'papre', want one of paper, digits",
        ),
        ("train.preset=papre", "did you mean paper?"),
        ("held=1.5", "want a number from 0 to 1"),
        ("shuffle=1", "got 1, want true or false"),
        ("source=3", "got 3, want text"),
        ("seeds=3", "want a list"),
        ("seeds=[1, two]", "seeds[1]: got 'two', want a whole number"),
        ("seeds=[1, 1]", "a seed stands twice"),
        ("train=3", "want keys and values"),
        ("train.rate", "got 'train.rate', want NAME=VALUE"),
        ("=3", "want NAME=VALUE"),
        ("train..rate=3", "want NAME=VALUE"),
        ("seeds=[1", "not YAML"),
    ],
)
def test_a_wrong_change_is_told_by_its_name(file, change, said):
    with pytest.raises(UsageError) as caught:
        settings.load(Whole, file, [change])
    assert said in str(caught.value)


def test_limits_are_written_out():
    assert str(Seed.__metadata__[0]) == "from 0 to 2147483647"
    assert str(Within(0.25, 1.5)) == "from 0.25 to 1.5"
    assert 0.0 in Within(0, 1, below=True) and 1.0 not in Within(0, 1, below=True)


def test_a_key_that_was_nearly_written_is_named(file):
    with pytest.raises(UsageError) as caught:
        settings.load(Whole, file, ["train.epoch=3"])
    assert caught.value.fix == "did you mean epochs?"


def test_a_mistake_in_the_file_is_told_by_line_and_column(file):
    file.write_text(WRITTEN.replace("shuffle: true", "shufle: true"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"whole.yaml:5:1: shufle: got 'shufle'"):
        settings.load(Whole, file)
    file.write_text(WRITTEN.replace("shuffle: true\n", ""), encoding="utf-8")
    with pytest.raises(UsageError, match="'shuffle' is missing"):
        settings.load(Whole, file)


def test_a_folder_is_claimed_once_and_for_the_same_settings(file, tmp_path):
    held = settings.load(Whole, file)
    for _ in range(2):
        command.claim(tmp_path / "run", held)
    assert settings.load(Whole, tmp_path / "run" / "settings.yaml") == held
    (tmp_path / "run" / "fold-1").mkdir()
    (tmp_path / "run" / "fold-1" / "settings.json").write_text("{}", encoding="utf-8")
    other = settings.load(Whole, file, ["train.epochs=5"])
    with pytest.raises(UsageError, match=r"train.epochs was 3 and is now 5"):
        command.claim(tmp_path / "run", other)
    assert settings.load(Whole, tmp_path / "run" / "settings.yaml") == held


@dataclasses.dataclass(frozen=True)
class Measured:
    data: str
    canvas: int
    rate: float
    seed: int = 0
    mean: str = "pixel"


def test_a_folder_in_which_no_run_has_begun_takes_other_settings_and_keeps_what_they_leave_as_it_is(tmp_path):
    def claimed(held: Measured) -> None:
        command.claim(tmp_path / "run", held)
        for name in ("mean.npy", "aspects.json"):
            (tmp_path / "run" / name).touch()

    def kept(held: Measured) -> set[str]:
        command.claim(tmp_path / "run", held)
        names = {path.name for path in (tmp_path / "run").iterdir()}
        assert f"rate: {held.rate}" in (tmp_path / "run" / "settings.yaml").read_text("utf-8")
        claimed(held)
        return names - {"settings.yaml"}

    first = Measured("a", 256, 0.1)
    claimed(first)
    assert kept(dataclasses.replace(first, rate=0.2)) == {"mean.npy", "aspects.json"}
    assert kept(dataclasses.replace(first, rate=0.2, canvas=72)) == {"aspects.json"}
    assert kept(dataclasses.replace(first, rate=0.2, canvas=72, mean="channel")) == {"aspects.json"}
    assert kept(dataclasses.replace(first, rate=0.2, canvas=72, mean="channel", data="b")) == set()


def test_what_decides_nothing_may_change_and_all_else_may_not(tmp_path):
    @dataclasses.dataclass(frozen=True)
    class Inner:
        rate: float
        threads: int = dataclasses.field(metadata=settings.ASIDE)

    @dataclasses.dataclass(frozen=True)
    class Outer:
        train: Inner
        shown: bool = dataclasses.field(metadata=settings.ASIDE)

    assert settings.decisive(Outer(Inner(0.1, 1), True)) == {"train": {"rate": 0.1}}
    command.claim(tmp_path, Outer(Inner(0.1, 1), True))
    (tmp_path / "settings.json").write_text("{}", encoding="utf-8")
    command.claim(tmp_path, Outer(Inner(0.1, 2), False))
    assert "threads: 1" in (tmp_path / "settings.yaml").read_text("utf-8")
    with pytest.raises(UsageError, match=r"another run: train.rate was 0.1 and is now 0.2\n"):
        command.claim(tmp_path, Outer(Inner(0.2, 2), False))


def test_a_folder_of_something_else_is_not_claimed(file, tmp_path):
    held = settings.load(Whole, file)
    with pytest.raises(UsageError, match="no run"):
        command.claim(tmp_path, held)
    with pytest.raises(UsageError, match="no run"):
        command.claim(file, held)
    assert not (tmp_path / "settings.yaml").exists()
