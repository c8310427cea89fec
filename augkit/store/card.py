"""The card of a data set: README.md, which `datasets.load_dataset` reads its features and splits from, and
the contact sheet.
"""

from __future__ import annotations

import contextlib
import io
import math
from typing import Any

from augkit import codec
from augkit.draw import numbered
from augkit.plan import Plan
from augkit.safety import value_in_words
from augkit.show import Cell, Row, contact_sheet
from augkit.store.croissant import described
from augkit.store.formats import Shape
from augkit.store.job import Job
from augkit.store.manifest import Summary
from augkit.store.sites import Site

SHEET = "contact-sheet.png"
CELLS = 9  # pictures in a row of the contact sheet
_ROWS = 10
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def shown(classes: tuple[str, ...]) -> list[str]:
    """Return the classes that the contact sheet shows: up to ten, spread evenly."""
    step = max(1, math.ceil(len(classes) / _ROWS))
    return list(classes[::step])


def sheet(job: Job, summary: Summary, site: Site) -> bytes:
    """Draw the contact sheet from the pictures as they were written at a site; PNG bytes."""
    rows = []
    for label in shown(job.classes):
        made = summary.shown.get(label, [])[:CELLS]
        rows += [Row(label, [_cell(job, row, site) for row in made])] if made else []
    copies = summary.rows - summary.originals
    title = f"{summary.originals:,} originals, {copies:,} copies" if copies else f"{summary.rows:,} pictures"
    note = "" if job.plan is None else _judged(job.plan)
    return codec.encode(contact_sheet(rows, title=title, note=note), "png")


def card(job: Job, summary: Summary) -> str:
    """Write the card: front matter that tells how to read the folder, then words for people."""
    parts = [_front(job, summary), "# An augmented data set" if job.plan is not None else "# A data set", ""]
    parts += [_about(job, summary), f"![some of the pictures]({SHEET})", "", _counts(job, summary)]
    if job.plan is not None:
        parts += [_safety(job.plan, summary), _provenance(job.plan)]
    if summary.bad:
        some = f"{len(summary.bad):,} source{'s' if len(summary.bad) > 1 else ''}"
        parts.append(f"{some} could not be read; `.augkit/quarantine.json` says why.\n")
    if summary.leaks:
        some = f"{summary.leaks:,} picture{'s stand' if summary.leaks > 1 else ' stands'}"
        parts.append(
            f"**{some} in more than one split**, as in the source: what is tested on them was trained on "
            "them. `.augkit/leaks.json` names them.\n"
        )
    return "\n".join(parts)


def croissant(job: Job, summary: Summary, digest: str) -> bytes:
    """Describe the data set in Croissant's words; `digest` is the manifest's SHA-256."""
    config = job.kept.front(_shape(job, summary, {}))["configs"][0]
    files = {each["split"]: each["path"] for each in config["data_files"]}
    name = "augmented-by-augkit" if job.plan is not None else "built-by-augkit"
    about = f"{summary.rows:,} pictures of {len(job.classes):,} classes, made by augkit."
    return described(name, about, job.classes, digest, files, job.kept.mime)


def _shape(job: Job, summary: Summary, labels: dict[Any, Any]) -> Shape:
    return Shape(_filled(summary), labels, job.drawn, sorted(summary.endings))


def _front(job: Job, summary: Summary) -> str:
    """Return the YAML front matter, which tells `datasets` where splits and labels are."""
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

    size = next((name for limit, name in _SIZES if summary.rows < limit), "n>1M")
    labels = {Quoted(str(number)): Quoted(name) for number, name in enumerate(job.classes)}
    front: dict[str, Any] = {
        "pretty_name": Quoted("augmented by augkit" if job.plan is not None else "built by augkit"),
        "task_categories": ["image-classification"],
        "size_categories": [size],
        "tags": ["image", "augkit", *(["augmented"] if job.plan is not None else [])],
        **job.kept.front(_shape(job, summary, labels)),
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
    how = f"{plan.copies} of each source" if isinstance(plan.copies, int) else "more of some classes"
    how = "more of smaller classes" if plan.balance else how
    return (
        f"{loud}{kept}{made:,} augmented copies, {how}, "
        f"of {len(job.classes)} classes; only {', '.join(job.augmented)} is augmented.\n"
    )


def _filled(summary: Summary) -> list[str]:
    """Return the splits that hold pictures; an empty one has no files that could be opened."""
    return [split for split, pictures in summary.pictures.items() if pictures]


def _counts(job: Job, summary: Summary) -> str:
    """Count pictures by class and split; name the folders where they are not called like their classes."""
    splits = list(summary.pictures)
    renamed = job.folders != job.classes and not job.kept.suffix
    lines = [f"| class |{' folder |' if renamed else ''} {' | '.join(splits)} |"]
    lines.append("|---|" + ("---|" if renamed else "") + "---:|" * len(splits))
    for name, folder in zip(job.classes, job.folders, strict=True):
        cells = " | ".join(f"{summary.pictures[split][name]:,}" for split in splits)
        lines.append(f"| {_plain(name)} |{f' {folder} |' if renamed else ''} {cells} |")
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


def _cell(job: Job, row: dict[str, Any], site: Site) -> Cell:
    with contextlib.closing(site.opened(row["file"])) as file:
        data = job.kept.read(file, row["place"], row["bytes"])
    picture = codec.decode(data, name=row["name"])
    if row["copy"] == 0:
        plain = job.plan is None
        return Cell(picture, "" if plain else "original", "plain" if plain else "first")
    steps = () if job.plan is None else numbered(job.plan.safe.policy)
    silent = {f"{step.name}.{number.name}" for step, number in steps if not number.telling}
    caption = _drawn({column: value for column, value in row.items() if column not in silent}) or "unchanged"
    if row["label_after"] != row["label"]:
        return Cell(picture, f"{caption}\n→ {row['label_after']}", "other")
    return Cell(picture, caption)


def _drawn(row: dict[str, Any]) -> str:
    """Say the drawn values of a row of the manifest, a line for each step that was done."""
    numbers: dict[str, list[str]] = {}  # step → the names of its numbers
    for column, value in row.items():
        if isinstance(value, float):
            step, _, number = column.partition(".")
            numbers.setdefault(step, []).append(number)
    lines = []
    for step, names in numbers.items():
        values = [(name, row[f"{step}.{name}" if name else step]) for name in names]
        alone = len(values) == 1
        said = [
            f"{'' if alone else name.removesuffix('_degrees') + ' '}{value_in_words(name, value)}"
            for name, value in values
            if name and not math.isnan(value)
        ]
        if any(not math.isnan(value) for _, value in values):
            lines.append(" ".join([step, *said]))
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is."""
    out = text.replace("\\", "\\\\").replace("\n", " ")
    for mark in "|<>*_`[]":
        out = out.replace(mark, f"\\{mark}" if mark not in "<>" else {"<": "&lt;", ">": "&gt;"}[mark])
    return out
