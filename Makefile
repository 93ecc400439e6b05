# `make` alone lists the commands. Whatever one needs is set up first, once.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint format prove bench assets lock migration wheel clean

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
ARGS ?=
INSTALL := $(if $(shell command -v uv 2>/dev/null),uv pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install -qq) --no-deps
LOCKS := run build $(if $(shell command -v npm 2>/dev/null),,node)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# where it is set, each of the hundreds of processes that tests start would compile every module again
unexport PYTHONDONTWRITEBYTECODE

help:  ## list these commands
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18
	@echo "ARGS=… is passed on to the command; PYTHON=… names the Python to use."

demo: $(VENV)/run.stamp assets  ## the whole product with made-up people (PORT=8000)
	@$(BIN)/engage demo --port $(PORT) $(ARGS)

test: $(BIN)/python  ## every test
	@tools/find-test-packages & $(MAKE) $(VENV)/dev.stamp assets && wait $$!
	@$(BIN)/python -m pytest --numprocesses=4 --dist=worksteal $(ARGS)

lint: $(VENV)/dev.stamp  ## style, format and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy --strict engage tests tools bench

format: $(VENV)/dev.stamp  ## put style and format right
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format

prove: $(VENV)/dev.stamp assets  ## the long proofs
	@$(BIN)/python -m pytest -m prove $(ARGS)

bench: $(VENV)/dev.stamp assets  ## the measurements
	@$(BIN)/python -m bench $(ARGS)

assets: $(VENV)/run.stamp  ## styles and scripts of the design system
	@$(BIN)/python tools/assets.py

wheel: $(VENV)/run.stamp  ## the package, in dist/
	@$(BIN)/python -m hatchling build -t wheel

lock: $(VENV)/dev.stamp  ## the lock files anew (ARGS=--upgrade for newer releases)
	@BIN=$(BIN) tools/lock $(ARGS)

migration: $(VENV)/run.stamp  ## a new migration from the models (NAME=add_feedback)
	@BIN=$(BIN) tools/migration "$(NAME)"

clean:  ## remove all that was made here, but for the data in var/
	@rm -rf $(VENV) node_modules engage/static/govuk dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@tools/make-venv

$(VENV)/run.stamp: requirements/run.txt requirements/build.txt requirements/node.txt pyproject.toml hatch_build.py | $(BIN)/python
	@echo "Setting up (about a minute, once) …"
	@$(INSTALL) --require-hashes $(LOCKS:%=-r requirements/%.txt)
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	@echo "Setting up what the tests need (about a minute, once) …"
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@
