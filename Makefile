# make demo and make test each do all the set-up there is.
.PHONY: setup demo test serve lint bench faults test-llm docs lock clean help
.DEFAULT_GOAL := help
PY := .venv/bin/python
ONCE ?=

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | awk -F: '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## make .venv from the lock file
	@tools/setup

demo: setup ## see events go through the real door into a real database (ONCE=1: end by itself)
	@$(PY) -m mothership demo $(if $(ONCE),--once)

test: setup ## the whole test suite
	@tools/setup-timescale
	@$(PY) -m pytest

serve: setup ## run the service with ./config.yaml, if there is one
	@$(PY) -m mothership serve

lint: setup ## style, types, imports, generated docs
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(PY) tools/configuration_docs.py --check

docs: setup ## write docs/configuration.md again from the settings
	@$(PY) tools/configuration_docs.py

bench: setup ## the benchmarks, each against a floor in the same run
	@$(PY) bench/pipeline.py
	@$(PY) bench/redaction.py
	@$(PY) bench/spool.py
	@$(PY) bench/end_to_end.py

faults: setup ## kill, cut, fill and hang things under load, and compare what was acknowledged with what is stored
	@$(PY) tests/faults/run.py

lock: setup ## resolve the dependencies again
	@.venv/bin/uv pip compile --universal --generate-hashes -q --no-header \
	  --python-version 3.11 --group dev pyproject.toml -o requirements.lock

clean: ## remove what make made
	rm -rf .venv .tooling .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
