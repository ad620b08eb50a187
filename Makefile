# The same verbs for people and for .ci/run. `make run` and `make test` do all the set-up themselves.
PYTHON ?= python3.11
PORT ?= 7860
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup run test reliability lint gate bench clean
.DEFAULT_GOAL := help

help:
	@echo "make run     set up, bring the index up to date, open the page on 127.0.0.1:$(PORT) (PORT= changes it)"
	@echo "make test    set up, then ruff, mypy and every test"
	@echo "make reliability  every fault and load of docs/reliability.md, whose counts it writes (about two hours)"
	@echo "make setup   make the environment in $(VENV)/ and pull the models (about 1.2 GB, once)"
	@echo "make lint    ruff, mypy and bandit"
	@echo "make gate    measure the gold set without the language model; fails when a figure falls"
	@echo "make bench   measure this machine: start, encoding, reading, answers (docs/speed.md)"
	@echo "make clean   remove the environment, the index and caches; models stay in RAGQA_HOME"

setup: $(VENV)/.ready
	@$(BIN)/python -m ragqa models pull

$(VENV)/.ready: requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "ragqa needs Python 3.11: set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "making the environment in $(VENV)/ (about 2 GB of libraries, some minutes, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --requirement requirements.txt
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@$(BIN)/python -m pip install -qq --editable '.[dev]'
	@touch $@

run: setup
	@$(BIN)/python -m ragqa index
	@$(BIN)/python -m ragqa serve --port $(PORT)

test: setup $(VENV)/.ready-dev browser lint
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m 'not alone and not reliability'
	@$(BIN)/python -m pytest -m 'alone and not reliability'

# Every fault of docs/reliability.md, and the counts that stand there. Its fast part is in make test; the whole takes about
# two hours: fifty real builds killed, fifty hostile articles for the real model, half an hour under load.
reliability: setup $(VENV)/.ready-dev browser
	@$(BIN)/python -m pip install -qq --editable '.[dev,milvus]'
	@$(BIN)/python -m pytest -m '' --counts docs/reliability.md $$(grep -lw tally tests/test_*.py) tests/test_ray_engine.py tests/test_retrieval_quality.py
	@for load in "search --chunks 100000" asks "soak --minutes 30"; do \
		$(BIN)/python benchmarks/load.py $$load --rows | tee /dev/stderr | $(BIN)/python tests/support/tally.py docs/reliability.md; \
	done

lint: $(VENV)/.ready-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/bandit -q -c pyproject.toml --severity-level medium -r src app.py

# The browser test drives Debian's own chromium and needs a font with Chinese characters; the slow offline test
# counts connections with strace.
.PHONY: browser
browser:
	@if command -v chromium >/dev/null && command -v strace >/dev/null && fc-list :lang=zh 2>/dev/null | grep -q .; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing chromium, a Chinese font and strace for tests"; \
		apt-get update -qq && apt-get install -y -qq chromium fonts-noto-cjk fontconfig strace >/dev/null; \
	else \
		echo "some tests may be skipped: install chromium, fonts-noto-cjk and strace to run them" >&2; \
	fi

# What the project's own gold set must reach: a little below what was measured (docs/evaluation.md).
gate: setup
	@$(BIN)/python -m ragqa index --quiet
	@$(BIN)/python -m ragqa evaluate gold/questions.jsonl --no-llm --fresh --quiet --out runs/gate \
		--fail-under success@5=0.9 --fail-under ndcg@10=0.8 --fail-under containment=0.6 \
		--fail-under citation_validity=1 --fail-under false_refusal=0.15 --fail-under refusal_recall=0.3

bench: setup $(VENV)/.ready-dev
	@$(BIN)/python benchmarks/speed.py

clean:
	rm -rf $(VENV) index/current index/v-* index/.tmp-* index/.encoded index/.lock .pytest_cache .mypy_cache .ruff_cache .hypothesis
