# `make demo` and `make test` do all their own set-up on a bare Debian 12 with Python 3.11 and git.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
# Most tests wait more than they compute; each of them has servers and folders of its own.
BESIDE := -n 2 --dist worksteal

.PHONY: demo test setup system fmt check bounds bench peers e2e qemu clean
.NOTPARALLEL:
.DEFAULT_GOAL := demo

demo: setup  ## run the whole system and print where to look
	$(BIN)/ecgomics demo $(ARGS)

test: system check e2e  ## everything CI runs

setup: $(STAMP)  ## the environment and the pages
	@$(BIN)/python cloud/web/build.py >&2

$(STAMP): pyproject.toml
	@deploy/venv.sh $(PYTHON) >&2
	@touch $@

system: setup  ## what only the tests need from Debian: a browser, a message bus
	@deploy/test-packages.sh >&2

fmt: setup  ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: setup  ## style, types, import direction, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python cloud/web/build.py check
	$(BIN)/pytest -m "not e2e" $(BESIDE)

bounds: setup  ## the loops once more, every index checked; for whoever changes one, some minutes
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=.venv/bounds $(BIN)/pytest -o timeout=600 tests/ecgcore

e2e: setup  ## the whole system: real broker, database, virtual Bluetooth, browser
	$(BIN)/pytest -m e2e $(BESIDE)

qemu: setup  ## the gateway's Bluetooth on the real daemon, in an emulated machine; as root
	$(BIN)/python -m tests.qemu $(ARGS)

bench: setup peers  ## speed, size, latency, and the analysis beside others, printed
	$(BIN)/python -m tests.bench

# What the bench compares with has an environment of its own; without it ours is measured alone.
peers:
	@[ .venv-peers/installed -nt tests/bench/peers.txt ] || { \
	    rm -rf .venv-peers && $(PYTHON) -m venv .venv-peers && \
	    .venv-peers/bin/python -m pip install -q --disable-pip-version-check \
	        -r tests/bench/peers.txt && touch .venv-peers/installed; \
	} >&2 || { rm -rf .venv-peers; echo "peers: not installed; measuring ours alone" >&2; }

clean:
	rm -rf .venv .venv-peers cloud/web/dist cloud/web/node_modules
