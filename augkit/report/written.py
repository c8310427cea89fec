"""Writing the report: what was read, put into words and drawings for the page's template."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from augkit import audit, page
from augkit import policy as policies
from augkit.audit import heat
from augkit.report import contents, runs, shots
from augkit.report.contents import Contents, Values
from augkit.safety import value_in_words
from augkit.safety.shown import fragment
from augkit.store import checking, disk, sites
from augkit.store.sites import Mirror, Site

_TEMPLATE = Path(__file__).parent / "report.html"
_MOST_CLASSES = 40  # in a table of classes; of more, the smallest and the largest
_MOST_VALUES = 60
_MOST_BAD = 20
_MOST_CHANGED = 30
_WIDE = 220  # units of a bar


def report(out: str | Path, *, trained: Sequence[str | Path] = (), audited: Sequence[str | Path] = ()) -> str:
    """Return the report on a finished data set, as one HTML document.

    Args:
        out:     its folder, or its URL.
        trained: folders of training runs (`recipes/fit.py`), whose curves are shown.
        audited: results of audits, whose heat maps are shown.

    Raises:
        StoreError: there is no finished data set, or it or the result of an audit cannot be read.
        UsageError: a folder of a run holds none.
    """
    curves = [runs.curves(Path(run)) for run in trained]
    maps = [Markup(heat.page(audit.load(path))) for path in audited]
    with sites.at(out) as site:
        return _whole(site, curves, maps)


def _whole(site: Site, curves: list[Any], maps: list[Markup]) -> str:
    root = site.root
    found = contents.read(site, shown=shots.SHOWN)
    name = site.name.rpartition("/")[2] if isinstance(site, Mirror) else root.resolve().name
    body = page.filled(
        _TEMPLATE,
        name=name,
        found=found,
        marker=checking.marker(root) or {},
        verdict=None
        if found.plan is None
        else fragment(found.plan.safe.verdict, found.classes, heading="h3"),
        sheets=shots.gallery(found, site),
        most=shots.SHOWN,
        values=[_drawing(spread) for spread in _told(found)[:_MOST_VALUES]],
        left_values=max(0, len(_told(found)) - _MOST_VALUES),
        steps=_steps(found),
        balance=_balance(found),
        kept=_kept(found),
        changed=found.changed.most_common(_MOST_CHANGED),
        bad=found.quarantine[:_MOST_BAD],
        twice=found.leaks[:_MOST_BAD],
        reasons=Counter(each["reason"] for each in found.quarantine).most_common(5),
        curves=curves,
        maps=maps,
        policy="" if found.plan is None else policies.dump(found.plan.policy),
        task=_task(root),
        wide=_WIDE,
    )
    return page.whole(f"{name}: report", body)


def _told(found: Contents) -> list[Values]:
    """Return the values that a chart tells something of: those that were drawn, and not always the same."""
    return [each for each in found.values.values() if each.name and each.total and each.low < each.high]


def _drawing(spread: Values) -> dict[str, Any]:
    top = max(1, int(spread.bins.max()))

    def said(value: float) -> str:
        return value_in_words(spread.name, value)

    title = spread.step if spread.name in ("degrees", "factor") else f"{spread.step} {spread.name}"
    return {
        "title": title.replace("_degrees", ""),
        "heights": [round(50 * int(count) / top, 1) for count in spread.bins],
        "ends": (said(spread.low), said(spread.high)),
        "words": f"{said(spread.least)} to {said(spread.most)}, half of them below {said(spread.middle())}; "
        f"drawn for {spread.total:,} copies",
    }


def _steps(found: Contents) -> list[tuple[str, int, float]]:
    """Return how often each step was done, and how long its bar is; what a suite chose is counted together,
    whichever of its turns it was and whichever sign it had.
    """
    done: dict[str, int] = {}
    for spread in found.values.values():
        done[spread.step] = max(done.get(spread.step, 0), spread.total)
    times: Counter[str] = Counter()
    for step, count in done.items():
        suite, dot, chosen = step.partition(".")
        times[f"{suite}: {chosen.rpartition('.')[2].partition('#')[0]}" if dot else step] += count
    top = max(1, found.made(), *times.values())
    return [(step, count, round(_WIDE * count / top, 1)) for step, count in times.items()]


def _balance(found: Contents) -> list[dict[str, Any]]:
    """Return for each split a row for each class: its originals, its copies, and how long their bars are."""
    tables = []
    for split in found.splits:
        rows = [
            (name, found.counts[split, name, False], found.counts[split, name, True])
            for name in found.classes
        ]
        top = max(1, *(first + more for _, first, more in rows))
        left = 0
        if len(rows) > _MOST_CLASSES:
            ordered = sorted(rows, key=lambda row: row[1] + row[2])
            shown = {*ordered[: _MOST_CLASSES // 2], *ordered[-_MOST_CLASSES // 2 :]}
            rows, left = [row for row in rows if row in shown], len(rows) - len(shown)
        drawn = [(*row, round(_WIDE * row[1] / top, 1), round(_WIDE * row[2] / top, 1)) for row in rows]
        tables.append({"split": split, "rows": drawn, "left": left})
    return tables


@dataclasses.dataclass(frozen=True)
class _Kept:
    """Say of one class what share of draws it accepts as drawn, and how many copies were asked for and are
    there.
    """

    name: str
    accepted: float | None
    asked: int | None
    there: int


def _kept(found: Contents) -> list[_Kept]:
    """Return what became of the draws of each class; nothing where none could be turned away."""
    plan = found.plan
    if plan is None or plan.policy.on_unsafe == "refuse":
        return []
    asked = _asked(found)
    rows = []
    for name in found.classes:
        there = sum(count for (_, label), count in found.copies.items() if label == name)
        rows.append(_Kept(name, plan.safe.verdict.acceptance.get(name), asked.get(name), there))
    shown = sorted(rows, key=lambda row: 1.0 if row.accepted is None else row.accepted)[:_MOST_CLASSES]
    return [row for row in rows if row in shown]


def _asked(found: Contents) -> dict[str, int]:
    """Return how many copies of each class were asked for, as far as what is there tells."""
    plan = found.plan
    if plan is None or not plan.keep_originals or (plan.balance and found.quarantine):
        return {}
    asked: Counter[str] = Counter()
    for split in plan.policy.splits:
        counts = {name: found.sources[split, name] for name in found.classes}
        each = {name: plan.copies_of(label) for label, name in enumerate(found.classes)}
        most = max(count * (1 + each[name]) for name, count in counts.items())
        for name, count in counts.items():
            asked[name] += (most - count if count else 0) if plan.balance else count * each[name]
    return dict(asked)


def _task(root: Path) -> str:
    try:
        return (root / disk.PRIVATE / "task.yaml").read_text("utf-8")
    except OSError:
        return ""
