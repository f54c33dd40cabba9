# Two commands do everything on a fresh machine: `make demo` and `make test`. PYTHON names the interpreter that makes .venv (3.11 or newer).
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test lint types check benchmarks clean

$(VENV)/.installed: pyproject.toml .ci/constraints.txt
	@test -x $(RUN) || $(PYTHON) -c 'import sys; sys.exit("medq_gen needs Python 3.11 or newer, this is %d.%d: make PYTHON=python3.11" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade pip
	$(RUN) -m pip install --quiet --constraint .ci/constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/.installed  ## degrade the built-in sample pictures by patient motion and say where the report lies
	$(RUN) -m medq_gen recipe=mri_motion repeats=2

test: export OMP_NUM_THREADS = 1
test: export PYTHONDONTWRITEBYTECODE =# processes by the hundred start in these tests: compiled once, not each time
test: $(VENV)/.installed  ## the whole test suite, fast part first, a process a core
	$(RUN) -m pytest -n auto --dist worksteal -m "not slow"
	$(RUN) -m pytest -n auto --dist worksteal -m slow

lint: $(VENV)/.installed
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .

types: $(VENV)/.installed
	$(RUN) -m mypy

check: lint types test  ## all that CI runs

benchmarks: $(VENV)/.installed  ## times ours against named peers in one run and writes the table of the README
	$(RUN) -m pip install --quiet --constraint .ci/constraints.txt --editable '.[dev,benchmarks]'
	$(RUN) -m benchmarks

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache
