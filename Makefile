# Everything that can be done with the project; also the only thing CI calls. `make help` lists it.
# Needs GNU make, a POSIX shell and a C compiler; `check` and `test` also python3 (with venv).

CC       ?= cc
CFLAGS   ?= -O2
PYTHON   ?= python3
CHECKS   ?=
TESTS    ?= tests
PYTEST   ?=
QUICK    ?=

VENV    := build/venv
WARN    := -Wall -Wextra -Wpedantic
STRICT  := $(CC) -std=c11 -D_GNU_SOURCE $(CFLAGS) $(WARN) -pthread -I.
OTEL    := $(wildcard tools/otel.c tools/otel/*.c)

export PYTHONDONTWRITEBYTECODE := 1
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/build/hypothesis

.PHONY: all header check-header check format demo test interop bench size clean help
.SUFFIXES:

all: header build/quickstart build/otel ## regenerate otel_lite.h, build the quickstart and the tool

header: ## join the parts of src/ into otel_lite.h
	$(PYTHON) amalgamate.py

check-header: ## fail when otel_lite.h is stale
	$(PYTHON) amalgamate.py --check

check: ## the rules that tools can check; CHECKS="symbols text" for some
	@$(PYTHON) tools/check/run.py $(CHECKS)

format: ## lay out the C files with clang-format-14
	find src examples tools bench tests -name '*.[ch]' -o -name '*.cpp' | xargs clang-format-14 -i

demo: build/quickstart build/otel ## run the quickstart against the receiver and show what arrives
	@sh tools/demo.sh build/otel build/quickstart

build/quickstart: examples/quickstart.c otel_lite.h
	@mkdir -p build
	$(STRICT) -o $@ examples/quickstart.c

build/otel: $(OTEL) $(wildcard tools/otel/*.h src/*/*.h)
	@mkdir -p build
	$(STRICT) -o $@ $(OTEL)

$(VENV)/done: tests/requirements.txt
	@rm -rf $(VENV)
	@mkdir -p build
	@$(PYTHON) -m venv $(VENV) || { echo "python3 has no venv (Debian: python3-venv)"; exit 1; }
	@echo "installing the test tools into $(VENV)"
	@$(VENV)/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check \
		--requirement tests/requirements.txt
	@touch $@

RUN_TESTS = $(VENV)/bin/python -m pytest -q -p no:cacheprovider --rootdir . --tb=short $(PYTEST)

test: header $(VENV)/done ## all tests but interop; TESTS=tests/test_c.py and PYTEST="-k ring" for some
	@$(RUN_TESTS) --ignore=tests/interop $(TESTS)

interop: header $(VENV)/done ## send to a real OpenTelemetry Collector and a real Prometheus, and compare
	@$(RUN_TESTS) tests/interop

bench: header ## cost per call next to the floor, into bench/results.json; QUICK=1 is short
	@$(PYTHON) bench/run.py $(if $(QUICK),--quick)

size: header ## bytes by facility and target, into bench/size.json
	@$(PYTHON) bench/size.py

clean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22
