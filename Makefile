# Tradewind. `make` lists the commands; their code is in operations/ and .ci/run.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export PYTHONPATH := $(CURDIR)
override CONF := $(value CONF)
# PROFILE=cluster: Celery, PostgreSQL and Redis, in a data folder of its own (docs/deploy.md).
ifneq ($(PROFILE),)
export TRADEWIND_PROFILE := $(PROFILE)
endif
export CONF DAG DB NAME DAY DO TO CAMPAIGN OCCURRENCE EMAIL SUBSCRIBER PERSON LOCALE VARIANT REASON
# A run starts dozens of Python processes. Without bytecode files, each would compile thousands of modules.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3 || echo missing)
UV_VERSION := 0.13.9
UV := $(VENV)/bin/uv

.PHONY: help run check preview trigger campaign journey backup restore replay consent evidence privacy suppress rotate quarantine export fetch new-campaign new-source new-segment segment origins report up stop test coverage lint format bench faults mutations operators lock sbom audit docs clean distclean

help: ## show this text
	@echo "Tradewind: e-mail marketing infrastructure as Airflow DAGs"
	@echo
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  profile       embedded, or PROFILE=cluster: Celery, PostgreSQL, Redis"
	@echo "  data folder   \$$TRADEWIND_DATA (data/; data-cluster/ of PROFILE=cluster)"
	@echo "  ports         \$$TRADEWIND_AIRFLOW_PORT (8080), \$$TRADEWIND_EDGE_PORT (8081), \$$TRADEWIND_SIMULATOR_PORT (8082),"
	@echo "                \$$TRADEWIND_ACTIVITIES_PORT (8083)"
	@echo "  connections   AIRFLOW_CONN_SENDGRID_DEFAULT, AIRFLOW_CONN_SUBSCRIBERS_SOURCE, AIRFLOW_CONN_LEDGER_DEFAULT"

run: $(VENV)/installed ## set up, run the whole pipeline on the demo shop to the published report, leave the UI up
	@$(PY) -m operations run

check: $(VENV)/installed ## check campaigns, templates, segments and the shop's file in seconds: file, line, what to do
	@$(PY) -m operations.check

trigger: $(VENV)/installed ## run one DAG through the scheduler and wait: DAG=send_newsletter CONF='{"mode": "live"}'
	@test -n "$$DAG" || { echo "error: name the DAG: make trigger DAG=send_newsletter CONF='{\"mode\": \"preview\"}'" >&2; exit 2; }
	@$(PY) -m operations trigger "$$DAG" --conf "$$CONF"

preview: $(VENV)/installed ## mails in the browser while you edit them: CAMPAIGN=newsletter, or journey.step [PERSON=S1 LOCALE=de VARIANT=a]
	@test -n "$$CAMPAIGN" || { echo "error: name the campaign: make preview CAMPAIGN=newsletter" >&2; exit 2; }
	@$(PY) -m operations preview "$$CAMPAIGN" --person "$$PERSON" --locale "$$LOCALE" --variant "$$VARIANT" \
	  --port "$(PORT)" --once "$(ONCE)"

campaign: $(VENV)/installed ## status, pause, resume, cancel or (after a restore) confirm-unsent: DO=pause CAMPAIGN=newsletter OCCURRENCE=2026-W48
	@test -n "$$DO" -a -n "$$CAMPAIGN" -a -n "$$OCCURRENCE" || \
	  { echo "error: name the action and the plan: make campaign DO=pause CAMPAIGN=newsletter OCCURRENCE=2026-W48" >&2; exit 2; }
	@$(PY) -m operations campaign "$$DO" "$$CAMPAIGN" "$$OCCURRENCE"

journey: $(VENV)/installed ## people at each step: NAME=welcome_series; one person's way: PERSON=S1; DO=pause, resume or cancel
	@test -n "$$NAME" || { echo "error: name the journey: make journey NAME=welcome_series" >&2; exit 2; }
	@$(PY) -m operations journey "$${DO:-status}" "$$NAME" --person "$$PERSON"

privacy: $(VENV)/installed ## export or erase a person, asking for the address: DO=export or DO=erase (docs/privacy.md)
	@test -n "$$DO" || { echo "error: name the action: make privacy DO=export, or DO=erase" >&2; exit 2; }
	@$(PY) -m operations privacy "$$DO"

backup: $(VENV)/installed ## write the whole installation to a new folder, while it runs: TO=/backups/2026-11-29
	@test -n "$$TO" || { echo "error: name the new folder: make backup TO=/backups/2026-11-29" >&2; exit 2; }
	@$(PY) -m operations backup "$$TO"

restore: $(VENV)/installed ## replace the stopped installation by a backup, keeping it aside: FROM=/backups/2026-11-29
	@test -n "$$FROM" || { echo "error: name the backup: make restore FROM=/backups/2026-11-29" >&2; exit 2; }
	@$(PY) -m operations restore "$$FROM"

replay: $(VENV)/installed ## replay the journal into a ledger restored from a backup (docs/runbook/restored-ledger.md)
	@$(PY) -m operations replay

consent: $(VENV)/installed ## check the hash chain of the consent log: DO=check (docs/runbook/consent-chain.md)
	@test -n "$$DO" || { echo "error: name the action: make consent DO=check" >&2; exit 2; }
	@$(PY) -m operations consent "$$DO"

evidence: $(VENV)/installed ## write what proves the consent of one person to a file: EMAIL=ada@example.com or SUBSCRIBER=S1
	@$(PY) -m operations evidence --email "$$EMAIL" --subscriber "$$SUBSCRIBER"

suppress: $(VENV)/installed ## suppress the addresses on standard input, one per line: REASON=spam_complaint < list.txt (docs/suppressions.md)
	@test -n "$$REASON" || { echo "error: name the reason: make suppress REASON=manual < list.txt" >&2; exit 2; }
	@$(PY) -m operations suppress "$$REASON"

rotate: $(VENV)/installed ## add a new key of the address hashes, after make stop (docs/runbook/rotate-keys.md)
	@$(PY) -m operations rotate

quarantine: $(VENV)/installed ## export the rows in quarantine as CSV, for the owner of the source (whole rows, mode 0600)
	@$(PY) -m include.validate.quarantine_export

export: $(VENV)/installed ## export the published file as Parquet, one file per table, with its manifest: TO=folder
	@test -n "$$TO" || { echo "error: name the folder: make export TO=export" >&2; exit 2; }
	@$(PY) -m include.publish.export "$$TO"

fetch: $(VENV)/installed ## fetch the newest published build from the bucket or folder of AIRFLOW_CONN_PUBLISHED_BUILDS (docs/analysts.md)
	@$(PY) -m include.publish.copies

new-campaign: $(VENV)/installed ## write a campaign file with its template, which pass make check: NAME=spring_sale
	@test -n "$$NAME" || { echo "error: name the campaign: make new-campaign NAME=spring_sale" >&2; exit 2; }
	@$(PY) -m operations.new_campaign "$$NAME"

new-source: $(VENV)/installed ## write the mapping of a source with its sample and test: NAME=crm (docs/tutorials/connect-your-database.md)
	@test -n "$$NAME" || { echo "error: name the source: make new-source NAME=crm" >&2; exit 2; }
	@$(PY) -m operations.new_source "$$NAME"

new-segment: $(VENV)/installed ## write the definition of a segment with its first case: NAME=jazz_fans (docs/segments.md)
	@test -n "$$NAME" || { echo "error: name the segment: make new-segment NAME=jazz_fans" >&2; exit 2; }
	@$(PY) -m operations.new_segment "$$NAME"

segment: $(VENV)/installed ## the size of a segment now and its conditions, nothing is built: NAME=vip_customers; DAY=…, or DO=accept REASON=…
	@test -n "$$NAME" || { echo "error: name the segment: make segment NAME=vip_customers" >&2; exit 2; }
	@$(PY) -m include.segment "$$NAME" --do "$$DO" --reason "$$REASON" --day "$$DAY"

origins: $(VENV)/installed ## with several sources, which of them each value of a person comes from: SUBSCRIBER=S1
	@test -n "$$SUBSCRIBER" || { echo "error: name the person: make origins SUBSCRIBER=S1" >&2; exit 2; }
	@$(PY) -m include.extract.origins "$$SUBSCRIBER"

report: $(VENV)/installed ## write the newest report as one HTML file, which refers to no other: TO=report.html
	@test -n "$$TO" || { echo "error: name the file: make report TO=report.html" >&2; exit 2; }
	@$(PY) -m include.publish.report "$$TO"

up: $(VENV)/installed ## start Airflow, edge, activities port and simulator, unless they are running
	@$(PY) -m operations up

stop: ## stop these services
	@test ! -x $(PY) || $(PY) -m operations stop

test: $(VENV)/developing ## run all tests but the slow drills; PostgreSQL tests need initdb, browser tests need Chromium
	@$(PY) -m pytest -m "not slow" -n 3 --no-loadscope-reorder $(ARGS)

coverage: $(VENV)/developing ## run the tests and write their line and branch coverage to build/coverage/index.html
	@mkdir -p build/coverage
	@$(PY) -m pytest -m "not slow" -n 3 --no-loadscope-reorder --cov --cov-report=term:skip-covered --cov-report=html $(ARGS)

lint: $(VENV)/developing ## check style, types, dead code, import contracts, SQL, the Dockerfile and the lockfile
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/vulture
	@$(VENV)/bin/lint-imports --no-logo
	@$(VENV)/bin/sqlfluff lint --disable-progress-bar --processes 2 include/sql
	@$(VENV)/bin/hadolint Dockerfile
	@$(PY) -m operations.lockfile_check

format: $(VENV)/developing ## format the code and sort imports with ruff
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

bench: $(VENV)/developing ## run the benchmarks that the README quotes
	@$(PY) -m benchmarks $(ARGS)

faults: $(VENV)/developing ## inject faults into sends, with 20 seeds each; writes docs/faults.md
	@$(PY) -m tests.faults.run $(ARGS)

mutations: $(VENV)/developing ## mutation tests of ledger, sender and collector (an hour); writes docs/faults.md
	@$(PY) -m tests.mutations.run $(ARGS)

operators: $(VENV)/developing ## drills of operators' actions and of the profile cluster, and the slow tests of dispatch, edge and validate
	@$(PY) -m pytest tests/operators tests/cluster tests/dispatch tests/edge tests/validate -m "e2e or slow" $(ARGS)

lock: $(VENV)/developing ## upgrade uv.lock within the bounds of pyproject.toml, export requirements*.txt (needs PyPI)
	@$(UV) lock -q --upgrade --python $(PY) --default-index https://pypi.org/simple
	@$(UV) export -q --frozen --no-hashes --no-header --no-dev -o requirements.txt
	@$(UV) export -q --frozen --no-hashes --no-header --only-group dev -o requirements-dev.txt
	@$(UV) export -q --frozen --no-hashes --no-header --only-group demo -o requirements-demo.txt

sbom: $(VENV)/installed ## write the software bill of materials (CycloneDX) to build/sbom.cdx.json; needs no network
	@mkdir -p build
	@$(UV) export -q --frozen --no-dev --format cyclonedx1.5 -o build/sbom.cdx.json

audit: $(VENV)/installed ## known vulnerabilities of all locked packages: at OSV, or without a network in DB=all.zip (docs/security.md)
	@if [ -n "$$DB" ]; then $(PY) -m operations.advisories "$$DB"; else $(UV) audit --frozen; fi

docs: $(VENV)/developing ## generate pages in docs/ and the table of variables in README.md
	@$(PY) -m operations.generate_docs

clean: stop ## stop, and delete data/ and data-cluster/ (never another data folder) and all caches
	@for profile in embedded cluster; do \
	  test ! -x $(PY) || env -u TRADEWIND_DATA TRADEWIND_PROFILE=$$profile $(PY) -m operations stop; done
	@rm -rf data data-cluster build .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## clean, and delete .venv
	@rm -rf $(VENV)

$(PY):
	@test "$(PYTHON)" != missing || { echo "error: no Python found; Tradewind needs Python 3.11 or newer." >&2; exit 1; }
	@command -v $(firstword $(PYTHON)) >/dev/null || { echo "error: there is no $(PYTHON); Tradewind needs Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is $$($(PYTHON) -V 2>&1); Tradewind needs Python 3.11 or newer (make PYTHON=/path/to/python3.11 …)." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "error: $(PYTHON) cannot create virtual environments; install its venv module (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(UV): | $(PY)
	@$(PY) -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@touch $(UV)

$(VENV)/installed: requirements.txt requirements-demo.txt | $(UV)
	@echo "installing requirements.txt into $(VENV)"
	@$(UV) pip install -q --python $(PY) -r requirements.txt
	@$(UV) pip install -q --python $(PY) --no-deps -r requirements-demo.txt
	@touch $@

$(VENV)/developing: requirements-dev.txt $(VENV)/installed | $(UV)
	@$(UV) pip install -q --python $(PY) -r requirements-dev.txt
	@touch $@
