# Every command sets up what it needs first.
PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.complete

.DEFAULT_GOAL := help
.PHONY: help setup demo up test faults check bench format lock clean

help: ## Show what there is to run
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

setup: $(SETUP) ## Make .venv with everything in it, hash-pinned

# uv does the installing: pip alone takes over two minutes.
$(SETUP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing (about half a minute with a warm cache, a few minutes without) ..."
	@$(BIN)/python -m pip install --quiet "uv==$$(sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements.lock)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## Run a generated dealer group (or your files, by DEMO_ARGS) through the whole loop
	@$(BIN)/doso demo $(DEMO_ARGS)

up: setup ## Run the whole system until Ctrl-C, keeping its state in .doso
	@$(BIN)/doso up

test: setup ## Run all tests; TEST_ARGS goes to pytest
	@$(BIN)/python -m pytest $(TEST_ARGS)

faults: setup ## Kill, freeze and cut off every part under load, on real servers; FAULTS_ARGS goes to pytest
	@$(BIN)/python -m pytest tests/faults -o "python_files=fault_*.py test_*.py" --timeout 3600 $(FAULTS_ARGS)

check: setup ## Lint, types, import rules, contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m doso.contracts --check

bench: setup ## Run the benchmarks; BENCH_ARGS goes to them
	@$(BIN)/python -m bench $(BENCH_ARGS)

format: setup ## Format the code and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: setup ## Pin the newest versions that fit, with hashes and without index addresses
	@$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --all-extras pyproject.toml -o requirements.lock

clean: ## Remove the environment and every cache; .doso, the state, stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
