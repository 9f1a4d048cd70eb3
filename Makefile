# make demo and make test each do all the set-up there is.
.PHONY: setup demo test serve lint bench faults test-llm deb docs notice prefilters sbom audit lock clean help
.DEFAULT_GOAL := help
PY := .venv/bin/python
ONCE ?=
# As in tools/setup: trust what this machine trusts.
export UV_SYSTEM_CERTS := $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),1,)
# Containers often forbid it, and then each process compiles all libraries anew: half of a start of the service.
export PYTHONDONTWRITEBYTECODE :=

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## make .venv from the lock file
	@tools/setup

demo: setup ## see events go over HTTP into a real database (ONCE=1: end by itself)
	@$(PY) -m mothership demo $(if $(ONCE),--once)

test: setup ## the whole test suite, on every core
	@tools/setup-timescale
	@echo "the whole suite: about eleven minutes on two cores"
	@$(PY) -m pytest -n auto --maxprocesses 8 --dist loadgroup

serve: setup ## run the service with ./config.yaml, if there is one
	@$(PY) -m mothership serve

lint: setup ## style, types, imports, generated docs
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy src tests bench tools
	@.venv/bin/lint-imports
	@.venv/bin/yamllint .
	@.venv/bin/hadolint Dockerfile
	@$(PY) tools/configuration_docs.py --check
	@$(PY) tools/notice.py --check
	@$(PY) tools/prefilters.py --check
	@$(PY) tools/vendor.py --check
	@$(PY) tools/requirements_txt.py --check

notice: setup ## write NOTICE and the licences of everything that ships
	@$(PY) tools/notice.py

prefilters: setup ## derive the prefilters of all rules, so that no start of the service has to
	@$(PY) tools/prefilters.py

docs: setup ## write the configuration reference from the settings, and build the site: site/index.html
	@$(PY) tools/configuration_docs.py
	@.venv/bin/zensical build --strict --clean
	@echo "site/index.html written"

bench: setup ## the benchmarks, each against a floor in the same run
	@$(PY) bench/pipeline.py
	@$(PY) -m bench.redaction
	@$(PY) bench/spool.py
	@$(PY) bench/requests.py
	@$(PY) -m bench.inputs
	@$(PY) bench/end_to_end.py --clean
	@$(PY) bench/end_to_end.py
	@$(PY) -m bench.goals
	@$(PY) -m bench.sizing --events 20000

faults: setup ## kill, cut, fill and hang things under load, and compare what was acknowledged with what is stored
	@$(PY) tests/faults/run.py

deb: setup ## the Debian package, out of the locked wheels: dist/mothership_*.deb (ARCH=arm64: for another machine)
	@$(PY) deploy/debian/build.py $(if $(ARCH),--arch $(ARCH))

test-llm: setup ## the LLM step on a real model of 270 million parameters
	@tests/llm_real/run

# Both tools in an environment of their own, by the hashes of requirements-audit.lock.
AUDIT := .tooling/audit
$(AUDIT)/.locked: requirements-audit.lock | setup
	@.venv/bin/uv venv -q --clear --python $(PY) $(AUDIT)
	@.venv/bin/uv pip install -q --python $(AUDIT)/bin/python --require-hashes -r requirements-audit.lock
	@touch $@

sbom: $(AUDIT)/.locked ## list what the service is built from, as CycloneDX
	@$(AUDIT)/bin/cyclonedx-py environment $(PY) --output-format JSON -o sbom.json
	@echo "sbom.json written"

audit: $(AUDIT)/.locked ## known vulnerabilities of what is locked
	@$(AUDIT)/bin/pip-audit --disable-pip --require-hashes -r requirements.lock

LOCK := .venv/bin/uv pip compile --universal --generate-hashes -q --no-header --python-version 3.11
lock: setup ## resolve the dependencies again
	@$(LOCK) --all-extras --group dev pyproject.toml -o requirements.lock
	@$(LOCK) --group audit -o requirements-audit.lock
	@$(LOCK) --group deploy -o requirements-deploy.lock
	@$(PY) tools/requirements_txt.py

clean: ## remove what make made
	rm -rf .venv .tooling .demo site .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
