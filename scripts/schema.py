"""Writes docs/schema/ anew from the structs; `make schema` calls it."""

from pathlib import Path

from pruner.files import write_all
from pruner.report.schemas import SCHEMAS, schema

FOLDER = Path(__file__).parents[1] / "docs/schema"

if __name__ == "__main__":
    write_all({FOLDER / f"{name}.json": schema(name) for name in SCHEMAS})
