# Two commands matter: `make run` and `make test`. Python 3.11 or newer and make are all they need.

PORT ?= 8000
ERP ?= simulated
CARRIED ?= hybrid
TESTS ?=
SEED ?= 1
WORKERS ?= 2
VENV := .venv
PYTHON_IN_VENV := $(VENV)/bin/python
RUNTIME := $(VENV)/.installed-runtime
DEVELOPMENT := $(VENV)/.installed-development

.DEFAULT_GOAL := help
.PHONY: help run test browser screenshots bench score check format lock wheelhouse clean

help: ## show this list
	@echo "Control Tower"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

run: $(RUNTIME) ## start the tower and its demo network (PORT=8000, ERP=simulated or tryton, CARRIED=hybrid or all)
	@exec $(PYTHON_IN_VENV) app.py run --demo --port $(PORT) --erp $(ERP) --carried $(CARRIED)

test: $(DEVELOPMENT) browser ## run the whole test suite (TESTS=tests/domain for a part of it)
	@$(PYTHON_IN_VENV) -m pytest -n $(WORKERS) $(TESTS)

browser:
	@./setup.sh browser

screenshots: $(DEVELOPMENT) browser ## take the pictures of the docs anew, from a demo of their own
	@$(PYTHON_IN_VENV) -m tests.browser.screenshots --out docs/images

bench: $(DEVELOPMENT) ## measure what the tower costs on this machine, about half an hour
	@$(PYTHON_IN_VENV) -m benchmarks.all

score: $(RUNTIME) ## inject every fault of the catalogue and mark what the tower says (SEED=1), about half an hour
	@$(PYTHON_IN_VENV) app.py score --seed $(SEED)

check: $(DEVELOPMENT) ## look for faults of style, of imports and of types
	@$(PYTHON_IN_VENV) -m ruff format --check .
	@$(PYTHON_IN_VENV) -m ruff check .
	@$(PYTHON_IN_VENV) -m mypy

format: $(DEVELOPMENT) ## put the source into the project's style
	@$(PYTHON_IN_VENV) -m ruff format .
	@$(PYTHON_IN_VENV) -m ruff check --fix .

lock: $(DEVELOPMENT) ## resolve every package anew and write the versions to constraints.txt
	@./setup.sh lock

wheelhouse: $(RUNTIME) ## gather all packages in wheelhouse/ for a site without internet
	@./setup.sh wheelhouse

clean: ## remove the environment and caches, keep the data in var/
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.txt requirements-assets.txt constraints.txt setup.sh
	@./setup.sh runtime
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.txt
	@./setup.sh development
	@touch $@
