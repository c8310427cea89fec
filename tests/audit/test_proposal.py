"""What is made of a result: a task file, disagreements with another task, a heat map, and words."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import pytest

from augkit import policy, safety, tasks
from augkit.audit import against as comparing
from augkit.audit import heat, proposal, telling
from augkit.audit.cells import Cell, Terms, Word
from augkit.audit.proportions import Share, share
from augkit.audit.result import Audit, Column
from augkit.audit.sweeps import SWEEPS
from augkit.intervals import CIRCLE, Arcs, Interval

CLASSES = ("0", "6", "9")
PART = {"turn": (-30, -20, -10, 10, 20, 30, 150, 165, 180, -165), "mirrored": (0, 90, 180)}
PART |= {"zoom": (0.5, 0.8, 1.25, 2), "noise": (0.1, 0.2, 0.4), "shift": (0.5, 0.7, 0.9), "crop": (0.6, 0.8)}
PART |= {"inverted": (0.4, 1, 2.5), "stretch": (1.5, 2), "shear": (10, 20)}


def verdict(label: str, sweep: str, strength: float) -> tuple[Word, str]:
    """Say by rule what is measured: a world in which this much is known."""
    if sweep == "turn" and label != "0":
        if abs(strength) >= 165:
            return "becomes", "9" if label == "6" else "6"
        return ("keeps", "") if abs(strength) <= 20 else ("fragile", "9")
    if sweep == "mirrored":
        return ("keeps", "") if label == "0" else ("fragile", "9")
    if sweep == "noise":
        return ("keeps", "") if strength < 0.3 else ("destroys", "6")
    if sweep == "shift":
        return ("keeps", "") if strength > 0.6 else ("unsure", "6")
    if sweep == "zoom":
        return ("keeps", "") if 0.6 < strength < 1.5 else ("fragile", "6")
    if sweep == "inverted":
        return ("keeps", "") if strength >= 1 else ("unsure", "6")
    return "keeps", ""


def cells(label: str, sweep: str) -> Iterator[Cell]:
    for strength in PART[sweep]:
        word, other = verdict(label, sweep, strength)
        seen = {"keeps": 490, "unsure": 400}.get(word, 60)
        kept, reads = share(seen, 500, 1e-5), share(430 if word == "becomes" else 20, 500, 1e-5)
        excess = share(60, 500, 1e-5)
        value = SWEEPS[sweep].on_axis(strength)
        at = (label, sweep, float(strength), value, word, other)
        yield Cell(
            *at, kept, share(470, 500, 1e-5), reads, excess, excess, 0.9, 700 if word == "unsure" else 0
        )


@pytest.fixture(scope="module")
def audit() -> Audit:
    columns = [
        Column(name, SWEEPS[name].axis, SWEEPS[name].unit, float(v), SWEEPS[name].on_axis(v), 1.0)
        for name, strengths in PART.items()
        for v in strengths
    ]
    found = tuple(c for name in PART for label in CLASSES for c in cells(label, name))
    whole = share(495, 500, 1e-5)
    return Audit(
        source="made up",
        classes=CLASSES,
        pictures=(500, 500, 500),
        reader="reference",
        terms=Terms(0.8, len(found)),
        folds=3,
        seed=0,
        effort={"clean": 1, "taught": 1},
        size=(28, 28, 1),
        version="0",
        upright=dict.fromkeys(CLASSES, (whole, whole)),
        columns=tuple(columns),
        cells=found,
    )


def test_a_proposal_is_a_task_with_the_limits_that_were_measured(audit: Audit) -> None:
    task = proposal.as_task(audit)
    six, nought = task.survives("6"), task.survives("0")
    assert six.turn == Arcs.of((-20, 20))
    assert nought.turn == CIRCLE
    assert six.mirrored.empty
    assert nought.mirrored == CIRCLE
    assert six.zoom == Interval(0.8, 1.25)
    assert six.noise.high == 0.2
    assert six.kept.low == 0.7  # of two sweeps along one axis the least counts
    assert six.inverted == Interval(1, 2.5)
    assert six.blended == Interval(0, 0)  # what nobody measured is not survived
    assert six.hue.high >= 180  # grey pictures have none


def test_a_proposal_holds_the_zones_in_which_labels_change(audit: Audit) -> None:
    task = proposal.as_task(audit)
    assert task.partner("6", "turn", 180) == "9"
    assert task.partner("9", "turn", -170) == "6"
    assert task.partner("6", "turn", 150) is None


@pytest.mark.parametrize(
    ("lost", "kept"),
    [
        ((30, 150, 165, 180, -165), (-30, 20)),
        ((30, 150), (165, 380)),
        ((-30, -20), (-10, 195)),
        ((-30, 20), (30, 195)),
    ],
)
def test_wherever_a_class_is_kept_round_the_circle_is_written_as_a_task_reads_it(
    audit: Audit, lost: tuple[float, ...], kept: tuple[float, float]
) -> None:
    def seen(cell: Cell) -> Cell:
        if cell.label != "0" or cell.sweep != "turn":
            return cell
        return dataclasses.replace(cell, verdict="fragile" if cell.strength in lost else "keeps")

    task = proposal.as_task(dataclasses.replace(audit, cells=tuple(seen(cell) for cell in audit.cells)))
    assert any(
        kept[0] - 360 * turns == pytest.approx(low) and kept[1] - 360 * turns == pytest.approx(high)
        for low, high in task.survives("0").turn.arcs
        for turns in (-1, 0, 1)
    ), task.survives("0").turn.arcs


def test_a_proposal_gives_its_numbers_as_reasons(audit: Audit) -> None:
    because = dict(proposal.as_task(audit).because)
    assert "98.0 %" in because["turn"][0]
    assert "86.0 %" in because["becomes"][0]
    assert all("augkit audit" in source for _, source in because.values())


def test_policies_are_judged_by_a_proposal(audit: Audit) -> None:
    task = proposal.as_task(audit)

    def safe(steps: str) -> bool:
        return safety.judge(policy.parse(f"version: 1\ntask: x\nsteps: [{steps}]"), task).safe

    assert safe("noise: {sigma: [0, 0.2]}")
    assert not safe("noise: {sigma: [0, 0.25]}")
    assert not safe("rotate: {degrees: [170, 180]}")


def test_an_audit_agrees_with_the_task_it_proposes(audit: Audit) -> None:
    found = comparing.disagreements(audit, proposal.as_task(audit))
    # Stricter it may be: a class that one sweep keeps may be stopped by another along the same axis.
    assert {one.kind for one in found} <= {"stricter"}


def test_disagreements_with_a_task_are_listed_the_worst_first(audit: Audit) -> None:
    text = """
    version: 1
    task: wrong
    classes: ["0", "6", "9"]
    survives: {turn: any, noise: 0.5, mirrored: none, zoom: any}
    becomes: [{mirrored: [80, 100], classes: {"0": "6"}}]
    """
    found = comparing.disagreements(audit, tasks.parse(text))
    kinds = [one.kind for one in found]
    assert kinds == sorted(kinds, key=comparing.KINDS.index)
    said = [one.text() for one in found if one.grave]
    assert any(
        line.startswith("6 at turn 165 to 180°: the task says survives, measured: becomes 9")
        or (line.startswith("6 at turn") and "becomes 9" in line)
        for line in said
    )
    assert any(line.startswith("9 at noise 0.4") and "destroys" in line for line in said)
    assert any(line.startswith("0 at mirrored 90") and "keeps" in line for line in said)
    assert comparing.text(found, tasks.parse(text)).startswith("against the task wrong:")


def test_where_an_audit_is_unsure_it_disagrees_with_nobody(audit: Audit) -> None:
    text = 'version: 1\ntask: x\nclasses: ["0", "6", "9"]\nsurvives: {kept: 0.1}\n'
    found = comparing.disagreements(audit, tasks.parse(text))
    assert not any(one.sweep == "shift" and 0.5 in one.strengths for one in found)


def test_the_words_name_what_becomes_what_and_how_many_pictures_would_decide(audit: Audit) -> None:
    said = telling.text(audit)
    assert "6 reads 9 at turn" in said
    assert "700 more pictures of each class" in said
    assert "-20° to 20° (6, 9)" in " ".join(said.split())


def test_a_heat_map_is_a_picture_and_a_piece_of_html(audit: Audit) -> None:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(heat.drawn(audit, ["turn", "noise"]))) as picture:
        assert picture.width > 400
    assert heat.drawn(audit, ["turn"], "svg").startswith(b"<?xml")
    page = audit._repr_html_()
    assert page.startswith("<div") and page.endswith("</div>")
    assert "→9" in page and "http" not in page
    assert page.count("<table") == len(PART)


def test_names_in_a_heat_map_cannot_break_its_html(audit: Audit) -> None:
    import dataclasses

    plain = json.loads(json.dumps(audit.canonical()).replace('"6"', '"<b>&"'))
    from augkit.audit.result import _audit

    page = heat.page(dataclasses.replace(_audit(plain)))
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page


def test_a_share_of_nothing_is_shown_as_unknown() -> None:
    nothing = Share(0, 0, 0.0, 1.0)
    cell = Cell("a", "turn", 1.0, 1.0, "unsure", "", nothing, nothing, nothing, nothing, nothing, 0.0, None)
    assert heat.words(cell) == "?"
    assert "no number of pictures would decide" in heat.sentence(cell)
