.DEFAULT_GOAL := help
SHELL := bash
BIN := .venv/bin

BENCH_PYTHON ?= $(BIN)/python
BENCH_MODULES ?= docker,rich.console,hypothesis

.PHONY: help
help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

.venv: pyproject.toml
	@. scripts/lib.sh && sync_project
	@touch .venv

.PHONY: check
check: .venv ## Lint, types, layers, shell scripts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if command -v shellcheck >/dev/null; then shellcheck -x scripts/engine scripts/base-image \
	  scripts/nightly-drift scripts/quickstart scripts/test scripts/pythons scripts/lib.sh .ci/run; else echo "no shellcheck here"; fi

.PHONY: format
format: .venv ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: schema
schema: .venv ## Write docs/schema anew, where what is printed as JSON has changed
	$(BIN)/python scripts/schema.py

.PHONY: record
record: .venv ## Draw docs/images/run.svg anew, from a real run
	PYTHONPATH=tests $(BIN)/python scripts/record.py

.PHONY: test
test: ## Every test but the full images
	./scripts/test

.PHONY: test-unit
test-unit: .venv ## The tests that need neither an engine nor an index
	$(BIN)/pytest tests/analysis tests/config tests/drift tests/image tests/init tests/inventory tests/jobs tests/lock \
	  tests/requirements tests/rules/test_rules.py tests/static tests/trace tests/tracers

.PHONY: test-images
test-images: .venv ## The sample images in full, locked, built and measured: gigabytes and hours
	@scripts/engine up && scripts/base-image python:3.11-slim python:3.11-slim-bookworm redis:7 nats:2 \
	  nvidia/cuda:12.3.0-runtime-ubuntu22.04 || echo "only the local sandbox"
	$(BIN)/pytest -m images
	$(BIN)/python scripts/bench/images.py

.PHONY: coverage
coverage: .venv ## How much of pruner the tests run, branches too
	$(BIN)/coverage run -m pytest -m "not images"
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

.PHONY: bench
bench: .venv ## What pruner costs: paired runs, ratios
	$(BIN)/python scripts/bench/whole.py
	$(BIN)/python scripts/bench/events.py
	$(BIN)/python scripts/bench/elf.py --python $(BENCH_PYTHON)
	$(BIN)/python scripts/bench/tracer.py --python $(BENCH_PYTHON) --modules $(BENCH_MODULES)
	$(BIN)/python scripts/bench/guard.py --python $(BENCH_PYTHON)

.PHONY: score
score: .venv ## How right pruner is on every case, by level, beside two naive answers
	$(BIN)/python scripts/bench/cases.py

.PHONY: clean
clean: ## Remove what pruner and its tests have left
	-$(BIN)/pruner gc
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
