"""Question: how sure is what recipes/digits.py shows? The same three arms over several seeds.

Data, policy and training are those of recipes/digits.py. Each seed has another split of the 5,000 digits
(100 of each class to train on), other augmentations, other first weights, another order and other
dropout.

Result:   recipes/digits.py has the figures
Cost:     as three trainings of recipes/digits.py for each seed
Command:  python -m recipes.digits evidence --seeds 0 1 2 --out EVIDENCE
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from recipes import digits, runs
from recipes.runs import Result, comparison, report

COPIES = 4
POLICIES = Path(__file__).parent / "policies"
# Each arm: its policy, and the task that the policy is held against.
ARMS: dict[str, tuple[str, str] | None] = {
    "none": None,
    "safe": ("digits.yaml", "digits"),
    "unsafe": ("digits-unsafe.yaml", "none"),
}


def gather(out: Path, seeds: Sequence[int]) -> str:
    """Make the data of every arm and seed, train, write evidence.md and evidence.json; return the table."""
    found: dict[int, list[Result]] = {}
    for seed in seeds:
        arms, test = make_data(out / f"seed-{seed}" / "data", seed)
        found[seed] = digits.train(arms, test, out / f"seed-{seed}" / "runs", seed=seed)
        digits.compare(found[seed], out / f"seed-{seed}" / "runs")
        shares = ", ".join(f"{r['title']} {100 * r['accuracy']:.2f} %" for r in found[seed])
        print(f"seed {seed}: {shares}", file=sys.stderr)
    text = table(found)
    report.write_text(out / "evidence.md", text + "\n")
    runs.write_json(out / "evidence.json", {str(seed): results for seed, results in found.items()})
    return text


def make_data(out: Path, seed: int) -> tuple[dict[str, Path], Path]:
    """Make the data set of every arm; return where each is trained on, and where all are tested."""
    from augkit import policy, safety, sources, store, tasks
    from augkit.plan import Plan

    data = sources.load("mnist-sample", split="20/80", stratify=True, seed=seed)
    store.build(data, out / "none", progress=False)
    for name, arm in ARMS.items():
        if arm is not None:
            file, task = arm
            verdict = safety.judge(policy.load(POLICIES / file), tasks.load(task))
            plan = Plan(verdict.safe_policy(), tuple(data["train"].features["label"].names), seed, COPIES)
            store.generate(plan, data, out / name, progress=False)
    return {name: out / name / "train" for name in ARMS}, out / "none" / "test"


def table(found: Mapping[int, Sequence[Result]]) -> str:
    """Set arms side by side over seeds: the whole, the gain over the first arm, classes, confusions.

    A spread is the standard deviation between seeds; that of a gain is of gains taken seed by seed. Classes
    are means over seeds, confusions are added up.
    """
    every = list(found.values())
    rows = [["", *(result["title"] for result in every[0])]]
    whole = np.array([[100 * result["accuracy"] for result in results] for results in every])
    for seed, shares in zip(found, whole, strict=True):
        rows.append([f"seed {seed}", *(f"{share:.2f} %" for share in shares)])
    rows.append(["mean ± spread", *(f"{mean:.2f} ± {spread:.2f} %" for mean, spread in _over_seeds(whole))])
    gains = _over_seeds(whole - whole[:, :1])[1:]
    rows.append([f"points over {every[0][0]['title']}", "", *(f"{mean:+.2f} ± {s:.2f}" for mean, s in gains)])
    each = np.array([[[row[2] for row in report.classes(r)] for r in results] for results in every])
    for i, name in enumerate(every[0][0]["classes"]):
        rows.append([f"class {name}", *(f"{share:.1f} %" for share in each.mean(axis=0)[:, i])])
    for a, b in digits.PAIRS:
        counts = np.array([[report.read_as(r, a, b) for r in results] for results in every]).sum(axis=0)
        rows.append([f"{a} read as {b}", *(f"{wrong} of {total}" for wrong, total in counts)])
    return comparison.markdown(rows)


def _over_seeds(values: np.ndarray) -> list[tuple[float, float]]:
    """Return mean and standard deviation of each column; a single seed has no spread."""
    spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1])
    return list(zip(values.mean(axis=0).tolist(), spread.tolist(), strict=True))
