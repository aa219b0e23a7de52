# Python 3.11+ and make are all that is needed; everything else goes into .venv.
# On Linux without a GPU give PyTorch's CPU index once (README, "Install"): make run TORCH_INDEX=...

PYTHON ?= python3
TORCH_INDEX ?=
RUN ?= runs/countdown
RELEASE ?= runs/release
BIN := .venv/bin
# A row's file begins with its letter and number (f3_); the others help or stand apart.
ROWS := $(sort $(wildcard benchmarks/[a-z][0-9]*.py))

.PHONY: run rl release smollm2 test test-all check bench map view screenshots
.DELETE_ON_ERROR:

run: .venv/.ready  ## the whole experiment: shortcut against journey on Countdown
	$(BIN)/journey run recipes/countdown.yaml --out $(RUN)

rl: .venv/.ready  ## reinforcement learning from several starts: does the journey's lead survive it?
	$(BIN)/journey run recipes/rl.yaml --out runs/rl

release: .venv/.ready  ## data, models and report of the quickstart's first seed, compared with release/
	test -f $(RUN)/run.db || $(BIN)/journey run recipes/countdown.yaml --set seeds=1 --out $(RUN)
	$(BIN)/journey release $(RUN) --to $(RELEASE) --arm phase1 --arm shortcut --arm journey --dtype bfloat16
	@cd $(RELEASE) && if sha256sum --quiet --check $(CURDIR)/release/SHA256SUMS; then echo "the same as release/"; else \
	echo "these differ from release/: so they do after another number of seeds, and on another kind of processor"; fi

smollm2: .venv/.ready  ## a pretrained model (93 MB) into the user's cache, for --model smollm2 and the tests with it
	$(BIN)/journey fetch smollm2

test: .venv/.ready  ## what every change must pass
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-all: .venv/.ready  ## the long forms too
	$(BIN)/python -m pytest -n 2

check: .venv/.ready  ## style and types
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/pyright

bench: .venv/.ready  ## every row of the scorecard in its quick form
	@missed=; for file in $(ROWS); do echo $$file; $(BIN)/python $$file || missed="$$missed $$file"; done; \
	test -z "$$missed" || { echo "not reached:$$missed"; exit 1; }

map: .venv/.ready  ## docs/map.svg and docs/map.jsonl, drawn from docs/LOG.md
	$(BIN)/journey report --map docs/LOG.md --to docs/map.svg

view: .venv/.ready  ## the studio on the last run, in the browser
	$(BIN)/journey view $(RUN)

screenshots: .venv/.ready  ## the studio's pages as pictures, light and dark
	$(BIN)/python benchmarks/screenshots.py $(RUN)

.venv: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@
