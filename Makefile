# Everything that is done to Deskcast, by name. `make help` lists it.
# VERBOSE=1 shows what the steps say. PYTHON=… chooses the Python of a new environment.

VENV := .venv
BIN := $(VENV)/bin
STEP := tools/step
WORKERS := 3
PYTEST := $(BIN)/python -m pytest
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help run setup setup-test machine test check quick lint format \
	bench bench-publishing bench-memory bench-pages bench-deciding bench-feeds bench-findings bench-verification bench-scale \
	drills proofs screenshots lock clean

# An environment that was moved, or copied from elsewhere, is made again.
ifneq ($(shell cat $(VENV)/.place 2>/dev/null),$(CURDIR))
$(shell rm -f $(VENV)/.place)
endif

help: ## This list
	@echo "make run     starts Deskcast at http://localhost:8000 (PORT=… for another port)"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name what; do printf '  %-18s %s\n' "$$name" "$$what"; done

## Using it

run: setup ## Set up what is missing and start web and engine
	@exec $(BIN)/deskcast run

setup: $(VENV)/.linked ## The environment Deskcast runs in, and nothing else
	@:

$(VENV)/.place:
	@$(STEP) "Making the environment $(VENV)" tools/make-venv $(VENV)
	@echo "$(CURDIR)" >$@

$(VENV)/.run: requirements/run.txt | $(VENV)/.place
	@$(STEP) "Installing what Deskcast runs on" $(PIP) install --require-hashes -r $<
	@touch $@

$(VENV)/.linked: pyproject.toml $(VENV)/.run
	@$(STEP) "Installing Deskcast itself" $(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

## Working on it

setup-test: $(VENV)/.test $(VENV)/.browser ## Everything the tests need, Chromium and servers included
	@$(STEP) "Having a PostgreSQL" $(BIN)/python -m tests.support.postgres
	@$(STEP) "Having a Bluesky server (kept outside the repository)" $(BIN)/python -m tests.support.pds --install
	@$(STEP) "Having snac, a server of Mastodon's API (kept outside the repository)" $(BIN)/python -m tests.support.snac --install

machine:
	@$(STEP) "Having the machine's packages" tools/prepare-machine

$(VENV)/.test: requirements/dev.txt $(VENV)/.linked
	@$(STEP) "Installing what the tests need" $(PIP) install --require-hashes -r $<
	@touch $@

$(VENV)/.browser: $(VENV)/.test
	@$(STEP) "Having a Chromium" tools/prepare-browser $(BIN)
	@touch $@

test: ## Set up and check everything: lint, types, walls, templates, all tests (alias: make check)
	@echo "Deskcast: setting up (everything is kept for the next time)"
	@$(MAKE) --no-print-directory machine
	@$(MAKE) --no-print-directory setup-test
	@echo "Deskcast: checking"
	@$(MAKE) --no-print-directory lint
	@$(STEP) --show "Tests: all of them, on SQLite and PostgreSQL, in Chromium, on real servers" \
		$(PYTEST) -q -n $(WORKERS) --dist loadgroup --hypothesis-profile=ci --durations=10

check: test

quick: $(VENV)/.test ## Format, lint and the quick tests on SQLite; TESTS=tests/app/posts takes a part, in seconds
	@$(STEP) "Format" $(BIN)/ruff format --check
	@$(STEP) "Lint" $(BIN)/ruff check
	@$(STEP) --show "Quick tests, on SQLite" $(PYTEST) -q -n $(WORKERS) --dist loadgroup \
		-m "not slow and not network and not browser and not pds and not proof and not drill" --database=sqlite $(TESTS)

lint: $(VENV)/.test ## Format, lint, types, import contracts, templates
	@$(STEP) "Format" $(BIN)/ruff format --check
	@$(STEP) "Lint" $(BIN)/ruff check
	@$(STEP) "Types" $(BIN)/mypy
	@$(STEP) "Import contracts" $(BIN)/lint-imports
	@$(STEP) "Templates" $(BIN)/djlint app/templates --lint

format: $(VENV)/.test ## Put the code into its form
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix-only --exit-zero

drills: setup-test ## Kill, stop and starve it while it publishes; SEED=… repeats one run, TESTS=… takes a part; outside `make test`
	@$(BIN)/python -m tests.drills --seed "$(SEED)" $(TESTS)

proofs: setup-test ## Break one rule of review or scheduler at a time to see that the state machines notice; outside `make test`
	@$(STEP) --show "Proofs" $(PYTEST) -v -n $(WORKERS) -m proof

screenshots: setup-test ## Take the pictures in docs/ again
	@$(STEP) "Screenshots" $(BIN)/python -m tools.screenshots

## Measuring it

bench: bench-findings bench-verification bench-publishing bench-scale bench-feeds bench-pages bench-deciding ## Measure everything; figures are kept in bench/README.md

bench-publishing: $(VENV)/.test ## Publications a second, and how late they are
	@$(STEP) --show "Measuring publishing" $(BIN)/python -m bench.publishing

bench-memory: $(VENV)/.test ## How fast an engine grows: an hour, so not part of `bench`
	@$(STEP) --show "Measuring memory" $(BIN)/python -m bench.memory

bench-scale: $(VENV)/.test ## Workers beside engines, and look-aheads over a million publications, on PostgreSQL
	@$(STEP) --show "Measuring many processes" $(BIN)/python -m bench.scaling

bench-pages: $(VENV)/.test ## Pages at 10,000 and 100,000 posts
	@$(STEP) --show "Measuring pages" $(BIN)/python -m bench.pages

bench-deciding: $(VENV)/.test ## Deciding with 10,000 open reviews
	@$(STEP) --show "Measuring deciding" $(BIN)/python -m bench.deciding

bench-feeds: $(VENV)/.test ## Reading feeds
	@$(STEP) --show "Measuring feeds" $(BIN)/python -m bench.feeds

bench-findings: $(VENV)/.test ## Finding the boundaries a text touches
	@$(STEP) --show "Measuring findings" $(BIN)/python -m bench.findings

bench-verification: $(VENV)/.test ## Verifying the record
	@$(STEP) --show "Measuring verification" $(BIN)/python -m bench.verification

## Keeping it

lock: $(VENV)/.test ## Write requirements/*.txt again (UPGRADE=1 takes the newest versions)
	@for name in run dev; do \
		$(STEP) "Locking requirements/$$name.txt" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
			--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
			$(if $(UPGRADE),--upgrade) requirements/$$name.in -o requirements/$$name.txt || exit 1; \
	done

clean: ## Remove the environment and every cache in this folder; data in var/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
