"""`python -m streams` is `fxwatch`: how the demo starts its workers whatever the PATH says."""

from streams.cli import main

if __name__ == "__main__":
    main()
