# Each target sets up what it needs by itself, once: `make run-experiments` is enough to begin.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
# A worker grows to two gigabytes, so that there are four at most.
PYTEST := $(PY) -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal
FORM := $(if $(FULL),--full,)
DATA_OPTION := $(if $(DATA),--data "$(DATA)",)

export TF_CPP_MIN_LOG_LEVEL ?= 3

.DEFAULT_GOAL := help
.PHONY: help run-experiments test test-all reproduce report bench data lint format lock clean

help: ## Show what there is
	@echo "make run-experiments   train the twins, compare them, write results/ and the report"
	@echo "make test              the tests, on every core (under 5 minutes on two)"
	@echo "make test-all          the tests, the slow ones too"
	@echo "make reproduce         run the studies again and hold them against what is committed"
	@echo "make report            write the report again from the results that are there"
	@echo "make bench             time NumPy against TensorFlow, beside the limits (5 minutes)"
	@echo "make data              find or download the photographs, and audit them"
	@echo "make lint              ruff, import-linter and mypy"
	@echo "make clean             remove the environment and all caches, never data or results"
	@echo
	@echo "FULL=1 runs the long form (100 epochs, several seeds); DATA=path names the photographs."

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) or sys.version_info >= (3, 14))' \
	  || { echo "ConvTwin needs Python 3.11 to 3.13; name one with make PYTHON=python3.12" >&2; exit 2; }
	@echo "Setting up $(VENV) (once; TensorFlow is large) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run-experiments: $(READY)
	@$(PY) -m experiments run $(FORM) $(DATA_OPTION)

test: $(READY)
	@$(PYTEST) -m "not slow"

test-all: $(READY)
	@$(PYTEST)

reproduce: $(READY)
	@$(PY) -m experiments reproduce $(FORM) $(DATA_OPTION)

report: $(READY)
	@$(PY) -m experiments report $(FORM)

# OpenBLAS chooses its kernels for the processor, as TensorFlow does.
bench: $(READY)
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(PY) -m experiments bench $(DATA_OPTION) \
	  $(if $(OUTPUT),--output "$(OUTPUT)",)

data: $(READY)
	@$(PY) -m experiments data audit $(DATA_OPTION)

lint: $(READY)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/mypy

format: $(READY)
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

# Needs uv; pins every package for Python 3.11 to 3.13 with its hashes.
lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade \
	  --fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
