# Needs python3 (3.11 or later), pip, make and git. Everything else is set up on first use:
# uv from PATH, or its own copy in .uv/, and the locked packages in .venv/.
SHELL := /bin/bash
UV := $(shell uv --version 2>/dev/null | grep -qE '^uv (0\.(1[3-9]|[2-9][0-9])|[1-9])' && command -v uv || echo .uv/bin/uv)
RUN := $(UV) run --frozen
LINT := $(RUN) --group lint
WORKERS ?= 2
ARGS ?=
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help demo test seeds crashes mutants conformance lint format bench

help: ## show these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: | $(UV) ## a market, two backtests, a kill, a replay: no account, no network
	$(RUN) --no-default-groups --extra report thunes demo $(ARGS)

test: | $(UV) ## every test, on two workers (ARGS="tests/house -k floors" for a part)
	$(RUN) pytest -n $(WORKERS) $(ARGS)

seeds: | $(UV) ## 2,000 seeds of the faulty world, on two workers
	$(RUN) thunes simulate --profile swarm --seeds 1500 --jobs $(WORKERS) $(ARGS)
	$(RUN) thunes simulate --profile crash --seeds 500 --jobs $(WORKERS) $(ARGS)

crashes: | $(UV) ## every pair of crashes of the core scenarios (the tests take one in 13)
	THUNES_CRASHES=all $(RUN) pytest -n $(WORKERS) tests/simulation/test_scenarios.py $(ARGS)

mutants: | $(UV) ## plant every bug, and see how many seeds find it
	$(RUN) python -m tests.mutants --jobs $(WORKERS) --table docs/reliability.md $(ARGS)

conformance: | $(UV) ## real clients on the sandbox (installed once, each in its own environment)
	$(RUN) pytest -m conformance -rs --durations=10 tests/conformance $(ARGS)

lint: | $(UV) ## ruff, mypy --strict, the floors, unused dependencies
	$(LINT) ruff check .
	$(LINT) ruff format --check .
	$(LINT) mypy
	$(LINT) lint-imports
	$(LINT) deptry .

format: | $(UV) ## put the code into the house's form
	$(LINT) ruff check --fix-only .
	$(LINT) ruff format .

bench: | $(UV) ## measure speed and memory, printed beside the peers
	$(RUN) python bench/run.py $(ARGS)

.uv/bin/uv:
	@echo "setting up uv in .uv/ (once)"
	python3 -m venv --without-pip .uv
	python3 -m pip --python .uv/bin/python install --quiet 'uv>=0.13,<0.14'
