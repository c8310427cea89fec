"""The card of a data set: README.md, which `datasets.load_dataset` reads its features and splits from, and
the contact sheet.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

from augkit import codec
from augkit.plan import Plan
from augkit.safety import value_in_words
from augkit.show import Cell, Row, contact_sheet
from augkit.store.job import Job
from augkit.store.manifest import Summary

SHEET = "contact-sheet.png"
_CLASSES, _COPIES = 10, 8
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def shown(classes: tuple[str, ...]) -> list[str]:
    """Return the classes that the contact sheet shows: up to ten, spread evenly."""
    step = max(1, math.ceil(len(classes) / _CLASSES))
    return list(classes[::step])


def sheet(out: Path, summary: Summary, plan: Plan | None) -> bytes:
    """Draw the contact sheet from the pictures as they were written; PNG bytes."""
    rows = []
    for label, made in summary.shown.items():
        cells = [_cell(out, row) for row in made[: _COPIES + 1]]
        rows.append(Row(label, cells))
    title = f"{summary.originals:,} originals, {summary.rows - summary.originals:,} copies"
    note = "" if plan is None else _judged(plan)
    return codec.encode(contact_sheet(rows, title=title, note=note), "png")


def card(job: Job, summary: Summary) -> str:
    """Write the card: front matter that tells how to read the folder, then words for people."""
    parts = [_front(job, summary), "# An augmented data set" if job.plan is not None else "# A data set", ""]
    parts += [_about(job, summary), f"![some of the pictures]({SHEET})", "", _counts(job, summary)]
    if job.plan is not None:
        parts += [_safety(job.plan, summary), _provenance(job.plan)]
    if summary.bad:
        parts.append(f"{len(summary.bad)} sources could not be read; `.augkit/quarantine.json` says why.\n")
    return "\n".join(parts)


def _front(job: Job, summary: Summary) -> str:
    """Return the YAML front matter, which makes `datasets` read the folder rightly.

    Data files are named for each split, so that a class called "test" makes no split; labels are kept even
    where there is one class; and features stand in the config (under `dataset_info` they are not heeded),
    so that a class without pictures keeps its number.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

    size = next((name for limit, name in _SIZES if summary.rows < limit), "n>1M")
    labels = {Quoted(str(number)): Quoted(name) for number, name in enumerate(job.folders)}
    front: dict[str, Any] = {
        "pretty_name": Quoted("augmented by augkit" if job.plan is not None else "built by augkit"),
        "task_categories": ["image-classification"],
        "size_categories": [size],
        "tags": ["image", "augkit", *(["augmented"] if job.plan is not None else [])],
        "configs": [
            {
                "config_name": "default",
                "drop_labels": False,
                "features": [
                    {"name": "image", "dtype": "image"},
                    {"name": "label", "dtype": {"class_label": {"names": labels}}},
                ],
                "data_files": [{"split": split, "path": f"{split}/**"} for split in summary.pictures],
            }
        ],
    }
    text = io.StringIO()
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 4096
    yaml.dump(front, text)
    return f"---\n{text.getvalue()}---\n"


def _about(job: Job, summary: Summary) -> str:
    if job.plan is None:
        return f"{summary.rows:,} pictures of {len(job.classes)} classes, not augmented.\n"
    plan = job.plan
    loud = ""
    if plan.safe.task.survives_everything:
        loud = (
            "**Made under the task `none`: nobody promises that these labels are right.** "
            "Every change the policy makes was let through.\n\n"
        )
    kept = f"{summary.originals:,} originals and " if summary.originals else ""
    made = summary.rows - summary.originals
    return (
        f"{loud}{kept}{made:,} augmented copies, {plan.copies} of each source, "
        f"of {len(job.classes)} classes; only {', '.join(job.augmented)} is augmented.\n"
    )


def _counts(job: Job, summary: Summary) -> str:
    splits = list(summary.pictures)
    lines = [f"| class | {' | '.join(splits)} |", "|---|" + "---:|" * len(splits)]
    for name in job.classes:
        cells = " | ".join(f"{summary.pictures[split][name]:,}" for split in splits)
        lines.append(f"| {_plain(name)} | {cells} |")
    return "\n".join([*lines, ""])


def _safety(plan: Plan, summary: Summary) -> str:
    lines = ["## Are the labels right?", "", f"{_judged(plan)}.", ""]
    for finding in plan.safe.verdict.waived:
        lines.append(
            f"- allowed: {finding.code} {_plain(finding.problem)} — because: {_plain(finding.reason)}"
        )
    if plan.safe.policy.on_unsafe != "refuse" and plan.safe.verdict.acceptance:
        lines += ["", f"`on_unsafe: {plan.safe.policy.on_unsafe}`; draws accepted as drawn, and dropped:", ""]
        lines += ["| class | accepted | dropped |", "|---|---:|---:|"]
        for name, share in plan.safe.verdict.acceptance.items():
            lines.append(
                f"| {_plain(name)} | {share:.0%} | {summary.dropped[name]:,} of {summary.drawn[name]:,} |"
            )
    return "\n".join([*lines, ""])


def _provenance(plan: Plan) -> str:
    return (
        "## Where each picture comes from\n\n"
        "`.augkit/manifest.parquet` has a row for each: file, split, source, copy (0 is the original), "
        "label before and after, every drawn value, SHA-256. `.augkit/policy.resolved.yaml` and "
        "`.augkit/task.yaml` are the policy and the task in full; "
        f"seed {plan.seed}, plan `{plan.digest[:16]}`. The same plan makes the same "
        "bytes on any number of workers.\n"
    )


def _judged(plan: Plan) -> str:
    reach = "; ".join(plan.safe.verdict.reach.in_words()) or "nothing changes"
    if plan.safe.task.survives_everything:
        return f"not judged (task none); at most: {reach}"
    return f"{plan.safe.verdict.word} for the task {plan.safe.task.name}; at most: {reach}"


def _cell(out: Path, row: dict[str, Any]) -> Cell:
    picture = codec.decode((out / row["file"]).read_bytes(), name=row["file"])
    if row["copy"] == 0:
        return Cell(picture, "original", "first")
    steps: dict[str, list[str]] = {}
    for name, value in row.items():
        step, dot, number = name.partition(".")
        if isinstance(value, float) and value == value:
            steps.setdefault(step, []).extend([value_in_words(number, value)] if dot else [])
    caption = "\n".join(" ".join([step, *values]) for step, values in steps.items())
    if row["label_after"] != row["label"]:
        caption += f"\n→ {row['label_after']}"
    return Cell(picture, caption or "unchanged")


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is."""
    out = text.replace("\\", "\\\\").replace("\n", " ")
    for mark in "|<>*_`[]":
        out = out.replace(mark, f"\\{mark}" if mark not in "<>" else {"<": "&lt;", ">": "&gt;"}[mark])
    return out
