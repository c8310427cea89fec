"""Run the command line: `python -m augkit` is `augkit`."""

from augkit.cli import main

if __name__ == "__main__":
    main()
