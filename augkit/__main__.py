"""Run the command line: `python -m augkit` is `augkit`.

Where what augkit stands on is broken, so that the command line cannot even be imported, the doctor says so.
"""

import sys


def main() -> None:
    """Run augkit; where a library is missing or broken, say which and what to do, and exit 2."""
    try:
        from augkit.cli import main as run

        run()
    except (ImportError, AttributeError, OSError) as error:
        from augkit import doctor

        if _asks_for_the_doctor():
            _doctor()
        said = doctor.ailment(error)
        if not said:
            raise
        print(said, file=sys.stderr)
        raise SystemExit(2) from None


def _asks_for_the_doctor() -> bool:
    return sys.argv[1:2] == ["doctor"] and "augkit.cli.health" not in sys.modules


def _doctor() -> None:
    """Do what `augkit doctor` does, without the libraries of the command line."""
    import json

    from augkit import doctor

    found = doctor.examine()
    print(json.dumps(doctor.plain(found), indent=2) if "--json" in sys.argv else doctor.text(found))
    raise SystemExit(any(check.state == "problem" for check in found))


if __name__ == "__main__":
    main()
