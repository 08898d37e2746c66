# Only Python 3.11 or newer and make are needed; everything else is installed into .venv.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CONSTRAINTS := .ci/constraints.txt
# Files in the order of their names: by xdist's own the long ones with few tests come last, on one processor of two.
PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder
# Where the environment forbids it too: rewriting the tests' assertions anew takes each processor ten seconds at every start.
unexport PYTHONDONTWRITEBYTECODE
RIGHT := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: setup run test check format bench clean

setup: $(STAMP)

# The first Python that runs and is new enough: a name on the path may stand for a version that is not installed.
$(STAMP): pyproject.toml $(CONSTRAINTS)
	@found=; for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$python -c '$(RIGHT)' >/dev/null 2>&1; then found=$$python; break; fi; done; \
	if [ -z "$$found" ]; then \
		echo "make: no Python 3.11 or newer found; install one, or name it: make setup PYTHON=/path/to/python3" >&2; exit 2; fi; \
	if ! $(BIN)/python -c '$(RIGHT)' >/dev/null 2>&1; then $$found -m venv --clear $(VENV); fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) --editable '.[dev]'
	$(BIN)/python -m compileall -q forecast
	@touch $@

run: setup
	$(BIN)/forecast run base --out out

test: setup
	$(PYTEST)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(BIN)/mypy & types=$$!; $(PYTEST); tests=$$?; wait $$types && exit $$tests # types: one processor, beside the tests

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	$(BIN)/python tests/benchmarks/bench_simulation.py

clean:
	rm -rf $(VENV) build dist out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
