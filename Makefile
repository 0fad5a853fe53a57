# `make` alone lists what there is to make. Everything runs from .venv, which is built when it is missing.

PYTHON ?= python3

BIN     := .venv/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq
INSTALL := $(PIP) install --require-hashes --only-binary=:all:
LOCK    := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

# Checkov pins a boto3 of its own, so it stands in no group of pyproject.toml and has an environment to itself.
SCANNER := checkov>=3.3

# The parts whose every branch is tested, and must stay so.
COVERED := policy/* policy/analysis/* plan/* model.py

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check scan fuzz mutation nightly lock benchmark picture reference build clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: .venv/.runtime ## run the whole job on a small fleet, on this machine only
	@exec $(BIN)/exposurectl demo

test: .venv/.dev ## run the tests and require every branch of the core
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --cov --cov-report=term-missing:skip-covered
	@set -f; for part in $(COVERED); do \
	    echo; \
	    echo "Every branch of $$part:"; \
	    $(BIN)/coverage report --skip-covered --fail-under=100 --include="pipeline/exposurectl/$$part" || exit 1; \
	done

check: .venv/.dev ## format, lint, types, import rules, workflows
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/zizmor --quiet --offline --strict-collection --persona=auditor --min-severity=medium .github

scan: .venv/checkov/.filled ## scan the IAM of docs/aws with Checkov
	@.venv/checkov/bin/python tests/iam/scan.py

fuzz: .venv/.dev ## throw hostile bytes at every reader, SECONDS=60 each
	@$(BIN)/python tests/fuzz/run.py $(or $(SECONDS),60) --found fuzz-found

mutation: .venv/.dev ## change the core in every small way and require that a test notices; PART=... for one file
	@$(BIN)/python tests/mutation/run.py $(PART)

nightly: .venv/.dev ## run the property tests with all their examples, then fuzz and mutation
	@$(BIN)/python -m pytest --hypothesis-profile nightly --timeout 0 tests/properties tests/plan tests/apply tests/promises
	@$(MAKE) --no-print-directory fuzz
	@$(MAKE) --no-print-directory mutation

lock: ## write requirements/*.lock anew; UPGRADE=1 also raises what is pinned
	@command -v uv >/dev/null || { echo "make lock needs uv on PATH: python3 -m pip install uv" >&2; exit 1; }
	@$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --output-file requirements/runtime.lock >/dev/null
	@$(LOCK) $(if $(UPGRADE),--upgrade) --group build --output-file requirements/build.lock >/dev/null
	@$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --group dev --constraint requirements/runtime.lock \
	    --constraint requirements/build.lock --output-file requirements/dev.lock >/dev/null
	@echo '$(SCANNER)' | $(LOCK) $(if $(UPGRADE),--upgrade) - --output-file requirements/checkov.lock >/dev/null

benchmark: .venv/.dev ## print how long a start, an analysis and a collection take, beside what they could take
	@$(BIN)/python tests/benchmarks/start_up.py
	@$(BIN)/python tests/benchmarks/analyse.py
	@$(BIN)/python tests/benchmarks/collect.py

picture: .venv/.runtime ## draw docs/demo.svg, the picture of the demo in the README
	@mkdir -p docs
	@$(BIN)/python tests/house/picture.py docs/demo.svg

reference: .venv/.dev ## write the schemas of plans and receipts, and docs/reference, anew
	@$(BIN)/python tests/house/schemas.py
	@$(BIN)/python tests/house/reference.py

build: .venv/.runtime ## build the wheel and the sdist into dist/
	@rm -rf dist
	@$(BIN)/python -m build --no-isolation --outdir dist

clean: ## remove .venv and everything built
	@rm -rf .venv dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find pipeline tests -name __pycache__ -type d -prune -exec rm -rf {} +

# What running needs, and the checkout itself.
.venv/.runtime: requirements/build.lock requirements/runtime.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: install Python 3.11 or later" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "exposurectl needs Python 3.11 or later; $(PYTHON) is" \
	        "`$(PYTHON) -c 'import platform; print(platform.python_version())'`." \
	        "Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Filling .venv from requirements/*.lock (needed once, a minute or so)" >&2
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(INSTALL) -r requirements/build.lock -r requirements/runtime.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# What checking and testing need besides.
.venv/.dev: .venv/.runtime requirements/dev.lock
	@$(INSTALL) -r requirements/dev.lock
	@touch $@

# What scanning needs, apart from everything else.
.venv/checkov/.filled: requirements/checkov.lock
	@echo "Filling .venv/checkov from requirements/checkov.lock (needed once, a minute or so)" >&2
	@$(PYTHON) -m venv --clear .venv/checkov
	@.venv/checkov/bin/python -m pip --disable-pip-version-check --no-input -qq \
	    install --require-hashes --only-binary=:all: -r requirements/checkov.lock
	@touch $@
