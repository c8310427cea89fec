"""The audit from data to result, with a learner that needs no training: what is planted is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from augkit import sources
from augkit.audit import Audit, audit, load, telling
from augkit.audit import pictures as reading
from augkit.errors import SourceError, StoreError, UsageError
from tests.audit.glyphs import SHAPES, Learner, data, glyphs, request

AT = {"turn": (10.0, 180.0), "mirrored": (0.0,)}
ONE = {"turn": (10.0,), "mirrored": (0.0,)}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return audit(data(*glyphs()), request(at=AT), tmp_path_factory.mktemp("audit"), train=Learner())


def test_two_classes_that_are_mirror_twins_are_found(result: Audit) -> None:
    for label, other in (("L", "J"), ("J", "L")):
        cell = result.at("mirrored", 0, label)
        assert (cell.verdict, cell.other) == ("becomes", other)


def test_what_is_its_own_mirror_image_is_kept(result: Audit) -> None:
    assert result.at("mirrored", 0, "T").verdict == "keeps"
    assert result.at("mirrored", 0, "+").verdict == "keeps"
    assert result.at("turn", 180, "+").verdict == "keeps"


def test_an_upside_down_letter_that_is_no_other_is_fragile(result: Audit) -> None:
    cell = result.at("turn", 180, "T")
    assert cell.verdict == "fragile"
    assert cell.kept.seen < 0.5 < cell.taught.low


def test_small_turns_keep_everything(result: Audit) -> None:
    assert {result.at("turn", 10, label).verdict for label in SHAPES} == {"keeps"}


@pytest.mark.parametrize("seed", range(10))
def test_data_with_nothing_wrong_raise_no_alarm(seed: int, tmp_path: Path) -> None:
    shapes = {name: SHAPES[name] for name in ("+", "T")}
    asked = request(at=ONE, seed=seed)
    found = audit(data(*glyphs(60, seed, shapes)), asked, tmp_path, train=Learner())
    assert {cell.verdict for cell in found.cells} <= {"keeps", "unsure"}
    assert (found.alarms, found.disputes) == ((), ())


def test_shuffled_labels_of_one_class_raise_an_alarm_for_that_class_alone(tmp_path: Path) -> None:
    pictures, labels, classes = glyphs(60)
    mixed = np.flatnonzero(labels != 3)[::6]  # every sixth picture of the other classes is called T
    keep = labels != 3
    labels[mixed] = 3
    pictures, labels = pictures[keep], labels[keep]
    found = audit(data(pictures, labels, classes), request(at=ONE), tmp_path, train=Learner())
    assert [alarm for alarm in found.alarms if "'T'" in alarm]
    assert not [alarm for alarm in found.alarms if "'J'" in alarm or "'+'" in alarm]


def test_a_few_wrong_labels_are_listed_with_what_they_are(tmp_path: Path) -> None:
    pictures, labels, classes = glyphs(60)
    wrong = np.flatnonzero(labels == classes.index("T"))[:3]
    labels[wrong] = classes.index("L")
    found = audit(data(pictures, labels, classes), request(at=ONE), tmp_path, train=Learner())
    assert {(dispute.label, dispute.reads) for dispute in found.disputes} == {("L", "T")}
    assert {dispute.key for dispute in found.disputes} <= {f"L-{number}" for number in wrong.tolist()}


def test_a_change_that_does_nothing_is_named(tmp_path: Path) -> None:
    asked = request(sweeps=("turn", "contrast"), at={"contrast": (1.0,), "turn": (10.0,)})
    found = audit(data(*glyphs(40)), asked, tmp_path, train=Learner())
    (idle,) = [line for line in telling.text(found).splitlines() if "changes no picture" in line]
    assert idle.endswith("contrast 1×")


def test_no_picture_is_read_by_a_network_that_was_trained_with_it_or_its_like(tmp_path: Path) -> None:
    pictures, labels, classes = glyphs(60)
    pictures[1], pictures[2] = pictures[0], pictures[0][:, ::-1]  # one twice, and once as its mirror image
    labels[2] = labels[0]
    whole = reading.read(data(pictures, labels, classes), most=1000)
    place = reading.folds(whole, 3, 0)
    assert len({int(place[number]) for number in (0, 1, 2)}) == 1
    learner = Learner()
    audit(data(pictures, labels, classes), request(at=ONE, folds=3), tmp_path, train=learner)
    assert len(learner.trained) == 6
    for number in range(3):
        read = {picture.tobytes() for picture in whole.images[place == number]}
        for trained in learner.trained[2 * number : 2 * number + 2]:
            assert not trained & read


def test_grey_pictures_have_no_hue_to_try(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to try: hue"):
        audit(data(*glyphs(30)), request(sweeps=("hue",)), tmp_path, train=Learner())


def test_folds_hold_every_class_evenly() -> None:
    whole = reading.read(data(*glyphs(50)), most=1000)
    place = reading.folds(whole, 4, 1)
    for label in range(4):
        counts = np.bincount(place[whole.labels == label], minlength=4)
        assert counts.max() - counts.min() <= 1


def test_a_killed_audit_carries_on_and_finds_the_same(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    class Dies(Learner):
        def __call__(self, *args: object, **more: object) -> object:  # type: ignore[override]
            if len(self.trained) == 2:
                raise Killed
            return super().__call__(*args, **more)  # type: ignore[arg-type]

    asked = request(at=ONE)
    with pytest.raises(Killed):
        audit(data(*glyphs(40)), asked, tmp_path / "killed", train=Dies())
    rest, whole = Learner(), Learner()
    resumed = audit(data(*glyphs(40)), asked, tmp_path / "killed", train=rest)
    assert len(rest.trained) == 2
    assert resumed.canonical() == audit(data(*glyphs(40)), asked, tmp_path / "whole", train=whole).canonical()
    again = Learner()
    audit(data(*glyphs(40)), asked, tmp_path / "killed", train=again)
    assert not again.trained


@pytest.mark.parametrize("harm", ["empty", "cut", "zeros", "flipped"])
def test_what_a_power_cut_left_of_a_fold_or_of_the_pictures_is_made_again(tmp_path: Path, harm: str) -> None:
    asked, whole = request(at=ONE), audit(data(*glyphs(40)), request(at=ONE), tmp_path, train=Learner())
    for path in tmp_path.rglob("*-0.npz"), tmp_path.rglob("pictures.npz"):
        (file,) = path
        kept = bytearray(file.read_bytes())
        kept[len(kept) // 2] ^= 255
        left = {"empty": b"", "cut": kept[: len(kept) // 3], "zeros": bytes(len(kept)), "flipped": kept}
        file.write_bytes(left[harm])
    again = Learner()
    assert audit(data(*glyphs(40)), asked, tmp_path, train=again).canonical() == whole.canonical()
    assert len(again.trained) == 2 and not list(tmp_path.rglob(".*"))


def test_a_result_is_read_back_as_it_was_written(result: Audit, tmp_path: Path) -> None:
    result.save(tmp_path)
    assert load(tmp_path).canonical() == result.canonical()
    assert load(tmp_path / "result.json").canonical() == result.canonical()


def test_no_result_and_another_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="run augkit audit first"):
        load(tmp_path)
    (tmp_path / "result.json").write_text('{"format": 1}', encoding="utf-8")
    with pytest.raises(StoreError, match="no result of an audit"):
        load(tmp_path)


def test_a_class_with_too_few_pictures_is_refused() -> None:
    pictures, labels, classes = glyphs(25)
    keep = (labels != 0) | (np.cumsum(labels == 0) <= 7)
    with pytest.raises(SourceError, match="'L' has 7"):
        reading.read(data(pictures[keep], labels[keep], classes), most=100)


def test_colour_pictures_of_many_sizes_become_squares_of_one(tmp_path: Path) -> None:
    from augkit import codec

    random = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(20):
            size = (40 + number, 90, 3) if number % 2 else (64, 64, 1)
            picture = random.integers(0, 256, size).astype(np.uint8)
            (tmp_path / name / f"{number}.png").write_bytes(codec.encode(picture))
    whole = reading.read(sources.load(tmp_path), most=100)
    assert whole.images.shape == (40, 32, 32, 3)
    assert len(whole.fill) == 3


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sweeps": ("trun",)}, "did you mean turn"),
        ({"folds": 1}, "want 2 or more"),
        ({"kept": 1.5}, "got kept 1.5"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(asked: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        request(**asked)
