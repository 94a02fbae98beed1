"""The forecast of tomorrow: the mean of the days before."""

from statistics import fmean

import httpx
from fastapi import FastAPI

app = FastAPI()
http = httpx.Client(base_url="https://stations.example")


@app.get("/health")
def health() -> str:
    """Say that the service is there."""
    return "ok"


@app.post("/forecast")
def forecast(days: dict[str, list[float]]) -> float:
    """Return the degrees of tomorrow."""
    return fmean(days["degrees"])


@app.get("/report")
def report() -> str:
    """Return the newest measurements as a table."""
    from tabulate import tabulate  # noqa: PLC0415

    return tabulate(http.get("/newest").json(), headers="keys")
