"""What a run writes down: targets, tables, the plot, and the whole from end to end."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import __main__ as main
from tests.benchmarks import machine, peers, pictures, plot, policies, report, targets
from tests.benchmarks.__main__ import SECTIONS
from tests.benchmarks.report import Section
from tests.benchmarks.targets import TARGETS, Target

ROOT = Path(__file__).parents[2]


def section(name, **numbers):
    return Section(name, name, "How.", ["head", "number"], [["a", "1"]], numbers)


def test_a_target_is_met_not_met_or_not_measured():
    most = Target("memory", "memory", "growth", 1.1, 1.0, least=False)
    least = Target("speed", "photos", "ratio", 2, 4)
    assert [least.state(value) for value in (1.9, 2, 4)] == ["**not met**", "met", "stretch met"]
    assert [most.state(value) for value in (1.2, 1.1, 1.0)] == ["**not met**", "met", "stretch met"]
    assert least.state(float("nan")) == "not measured"


def test_every_target_is_measured_by_a_section():
    assert {target.section for target in TARGETS} <= SECTIONS.keys()


def test_what_is_missed_says_where_the_time_went():
    found = {
        "photos": section("photos", **{"one affine": 1.0}),
        "stages": section(
            "stages", **{"photos: draw": 10.0, "photos: render": 30.0, "photos: OpenCV alone": 5.0}
        ),
    }
    rows = {row[0]: row for row in targets.judged(found)}
    assert rows["… one affine"][4:] == ["**not met**", "render 75%, draw 25%"]
    assert rows["… crop first, one affine"][4] == "not measured"
    assert "generate JPEG to JPEG, one copy a source, share of the floor" not in rows


def test_numbers_are_written_to_three_digits():
    written = [report.number(value) for value in (0.12345, 1.2345, 12.345, 123.45, 123456.0, float("nan"))]
    assert written == ["0.123", "1.23", "12.3", "123", "123,000", "–"]
    assert report.times([1.0, 2.0, 4.0]) == "2× (1–4)" and report.times([1.0, 2.0]) == "1.5× (1–2)"


def test_a_section_is_markdown():
    text = section("photos").markdown()
    assert text.startswith(
        "## photos\n\n| head | number |\n| --- | ---: |\n| a | 1 |\n\n*How. Load 0.00, 0 s.*"
    )


def test_the_plot_is_the_same_each_time_and_shows_every_bar():
    found = {"photos": section("photos", **{"rate: augkit": 900.0, "rate: other": 30.0, "one affine": 2.0})}
    drawn = plot.drawn(found)
    assert drawn == plot.drawn(found) and ET.fromstring(drawn).tag.endswith("svg")
    assert plot.drawn({"memory": section("memory")}) is None


def test_the_photos_are_as_they_are_said_to_be_and_the_same_each_time():
    sizes = [picture.shape for _, picture in pictures.crops(64)]
    assert all(440 <= width <= 540 and 330 <= height <= 405 for height, width, _ in sizes)
    one, other = pictures.crops(8), pictures.crops(8)
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(one, other, strict=True))
    assert all(width / height in policies.SHAPES for height, width, _ in sizes)
    assert [label for label, _ in pictures.photos(6)] == [0, 1, 2, 0, 1, 2]


def test_the_peers_make_pictures_of_the_same_size_as_augkit():
    photo, (digits, _) = pictures.crops(1)[0][1], pictures.digits()
    for pipeline in peers.albumentations_photo().values():
        assert pipeline(image=photo)["image"].shape == (224, 224, 3)
    for pipeline in peers.albumentations_digit().values():
        assert pipeline(image=digits[0])["image"].shape == (28, 28, 1)


def test_what_cannot_be_imported_is_skipped_with_a_word(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setattr(peers, "_keras_there", lambda skipped: False)
    skipped: list[str] = []
    names = [peer.name for peer in peers.photo_peers(skipped)]
    assert names == [
        f"albumentations, {form}" for form in (peers.SEPARATE, peers.ONE_AFFINE, peers.CROP_FIRST)
    ]
    assert len(skipped) == 1 and skipped[0].startswith("torchvision: skipped, cannot be imported")


def test_what_fails_is_named_and_the_rest_is_written(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(main, "_measured", lambda name, quick: None if name == "png" else section(name))
    monkeypatch.setattr(sys, "argv", ["bench", "--out", str(tmp_path), "memory", "png"])
    assert main.main() == 1 and "png: failed" in capsys.readouterr().err
    text = (tmp_path / "RESULTS.md").read_text("utf-8")
    assert "**png could not be measured.**" in text and "## memory" in text


def test_the_machine_is_described_without_its_paths():
    text = "\n".join(machine.described())
    assert "Python" in text and "load" in text and str(Path.home()) not in text and str(ROOT) not in text


@pytest.mark.slow
def test_a_quick_run_writes_its_results(tmp_path):
    call = [
        sys.executable,
        "-m",
        "tests.benchmarks",
        "--quick",
        "--out",
        tmp_path,
        "quality",
        "stages",
        "judging",
    ]
    run = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    text = (tmp_path / "RESULTS.md").read_text("utf-8")
    assert "| … sharpness, at most |" in text and "## Judging" in text and "not measured" not in text


def test_an_unknown_section_is_refused_with_those_there_are():
    call = [sys.executable, "-m", "tests.benchmarks", "photoes"]
    run = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2 and "photos" in run.stderr and "Traceback" not in run.stderr
