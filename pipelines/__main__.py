"""`python -m pipelines` is `loyalty-etl`."""

from pipelines.cli import main

if __name__ == "__main__":
    main()
