# The commands of the book. `make help` lists them.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/ready
ASSETS := _build/extra/ready
LOG := setup.log

.DEFAULT_GOAL := help
.PHONY: help book page serve lab homework test resolution bench pins clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

book: $(READY) $(ASSETS) ## set up what is missing and build the site
	@$(RUN) -m lecturelib.site build

page: $(READY) $(ASSETS) ## build one page alone and open it (PAGE=chapters/splines/dynamics): seconds after an edit
	@$(RUN) -m lecturelib.site page "$(PAGE)" --show

serve: ## open the built site in a browser (PORT=8000)
	@test -f _build/html/index.html || { echo "There is no site yet. Build it with: make book"; exit 1; }
	@echo "The book is at http://localhost:$(PORT) until you press Ctrl-C."
	@$(RUN) -m webbrowser http://localhost:$(PORT) >/dev/null 2>&1 || true
	@$(RUN) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html >/dev/null 2>&1

lab: book ## open the pages as notebooks in JupyterLab; your changes in notebooks/ are kept
	@$(RUN) -m lecturelib.site notebooks
	@$(RUN) -m jupyterlab --notebook-dir=notebooks --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

homework: book ## write what students and instructors get of each lab to _build/homework
	@$(RUN) -m lecturelib.homework student

test: $(READY) $(ASSETS) ## run all tests: style, library, claims, the book and its pages in a browser
	@OMP_NUM_THREADS=1 $(RUN) -m pytest --numprocesses=logical --dist=loadfile --no-loadscope-reorder --max-worker-restart=1 $(OPTIONS)

resolution: $(READY) ## find how small an error each check notices, where code has changed; stored beside the checks
	@OMP_NUM_THREADS=1 $(RUN) -m lecturelib.core

bench: book ## measure speed against peers, and of pages on a phone (minutes); the page How fast shows what is stored
	@$(RUN) -m pip install -q -r benchmarks/requirements.txt
	@for file in $(filter-out benchmarks/on_gpu.py,$(wildcard benchmarks/*.py)); do echo "$$file"; $(RUN) $$file || exit 1; done

pins: $(READY) ## refresh every pinned version: requirements.txt and package-lock.json
	@$(RUN) -m lecturelib.site.pins

clean: ## remove the built site and stored results; .venv and node_modules stay
	@rm -rf _build

# A target here is a file that stands when its step is done, so nothing is done twice and what broke off is done again.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "The book needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Setting up Python packages in $(VENV) (a few minutes, once)"
	@$(PYTHON) -m venv $(VENV) >$(LOG) 2>&1 || { echo "Python could not make $(VENV): see $(LOG) (Debian: apt-get install python3-venv)"; exit 1; }
	@$(RUN) -m pip install -r requirements.txt >$(LOG) 2>&1 \
		&& $(RUN) -m pip install --no-deps --no-build-isolation --editable . >>$(LOG) 2>&1 \
		|| { echo "Python packages could not be downloaded or installed: see $(LOG), check the connection, run make again"; exit 1; }
	@rm -f $(LOG)
	@touch $@

$(ASSETS): $(READY) package-lock.json lecturelib/site/assets.py
	@echo "Setting up what pages need in a browser in node_modules"
	@$(RUN) -m lecturelib.site.assets >$(LOG) 2>&1 \
		|| { echo "Browser packages could not be downloaded: see $(LOG), check the connection, run make again"; exit 1; }
	@rm -f $(LOG)
	@touch $@
