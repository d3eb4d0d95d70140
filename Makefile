PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
# Tests start some hundred processes, and each would compile all it imports if none might keep what it has compiled.
export PYTHONDONTWRITEBYTECODE =
PYTEST = OMP_NUM_THREADS=1 $(CURDIR)/$(BIN)/python -m pytest --quiet -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: install paper test docs notebooks browser quick lint types unit wheel durations newest test-vendors peers bench bench-page bench-theory draws studies clean

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

paper: install  ## the main job: runs/paper.toml, from circuits to the comparison with theory
	$(BIN)/qsense run runs/paper.toml $(ARGS)

test: lint types unit wheel  ## everything that must hold

lint: install
	$(BIN)/ruff check qsense tests benchmarks docs notebooks
	$(BIN)/ruff format --check qsense tests benchmarks docs notebooks

types: install
	$(BIN)/mypy

unit: install  ## all tests, in the checkout, the longest files first
	$(PYTEST) -m "not study and not site" tests

quick: lint types  ## for the loop of a developer: under a minute; what takes more than seconds is left out
	$(PYTEST) -m "not long and not slow and not study and not site" tests

# What a wheel can lack is a file or an entry point: these tests, and the doctests, import and read all that it has.
WHEEL_TESTS := test_installed test_packaging noise/test_noise_files cli/test_theory_command reports/test_report

wheel: install  ## the doctests, and the tests of what is installed, against the built wheel and outside the checkout
	rm -rf build/wheel dist
	$(BIN)/python -m build --wheel --outdir dist . > /dev/null
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target build/wheel dist/*.whl
	folder=$$(mktemp -d) && cp -rp tests pyproject.toml $$folder/ && cd $$folder && \
	export PYTHONPATH=$(CURDIR)/build/wheel QSENSE_INSTALLED_AT=$(CURDIR)/build/wheel QSENSE_SOURCES=$(CURDIR) && \
	$(PYTEST) -p no:cacheprovider -c pyproject.toml -m "not checkout and not study" --doctest-modules \
	$(WHEEL_TESTS:%=tests/%.py) $(CURDIR)/build/wheel/qsense; \
	status=$$?; rm -rf $$folder; exit $$status

NOTEBOOKS := $(wildcard notebooks/*.ipynb)
SOURCES := $(shell find qsense noise_models -name '*.py' -o -name '*.toml')

notebooks: $(NOTEBOOKS:%=build/%)  ## executes all notebooks, those that have changed or whose code has

build/notebooks/%.ipynb: notebooks/%.ipynb docs/site/execute.py $(SOURCES) .venv/docs-installed
	$(BIN)/python docs/site/execute.py $< $@

docs: .venv/docs-installed notebooks  ## the site in build/site: examples of its pages run, every link checked; needs no network
	$(PYTEST) --dist load tests/test_site_pages.py tests/test_site.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

.venv/docs-installed: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	touch $@

browser: .venv/browser  ## a Chromium for the tests of the report, where one can be had; without it they are skipped

.venv/browser: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[browser]"
	$(BIN)/python -m playwright install chromium || \
	{ test "$$(id -u)" = 0 && apt-get install --yes --quiet --no-install-recommends chromium; } || \
	echo "no browser could be installed: the tests of the report in one are skipped"
	touch $@

durations: install  ## measures tests/support/durations.txt anew, on a quiet machine
	QSENSE_MEASURE_DURATIONS=1 $(PYTEST) -m "not study and not site" tests

newest: build/venv-newest/installed  ## the quick tests with the newest allowed dependencies, on the Python of PYTHON
	OMP_NUM_THREADS=1 build/venv-newest/bin/python -m pytest --quiet -n 2 --dist loadfile --no-loadscope-reorder \
	-m "not long and not slow and not study and not site" tests

build/venv-newest/installed: pyproject.toml
	$(PYTHON) -m venv --clear build/venv-newest
	build/venv-newest/bin/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@

VENDORS := braket aqt iqm mthree
VENDOR_TESTS := jobs/test_vendors backends/test_braket backends/test_aqt backends/test_iqm estimators/test_populations backends/test_backends circuits/test_transpilation
PACKAGE_braket := qiskit-braket-provider
PACKAGE_aqt := qiskit-aqt-provider
PACKAGE_iqm := iqm-client[qiskit]
PACKAGE_mthree := mthree

test-vendors: $(VENDORS:%=build/venv-%/installed)  ## other vendors' packages, each in an environment of its own (3 GB)
	for vendor in $(VENDORS); do \
	OMP_NUM_THREADS=1 build/venv-$$vendor/bin/python -m pytest --quiet -p no:cacheprovider \
	$(VENDOR_TESTS:%=tests/%.py) || exit 1; done

# Their Qiskit differs (AQT's is at most 2.4.1, IQM's below 2.2): pip finds one that serves the vendor and qsense alike.
build/venv-%/installed: pyproject.toml
	$(PYTHON) -m venv build/venv-$*
	build/venv-$*/bin/python -m pip install --quiet --disable-pip-version-check -e . pytest hypothesis "$(PACKAGE_$*)"
	touch $@

peers: .venv-peers/installed  ## the peers of the benchmarks, in an environment of their own (1.8 GB)

.venv-peers/installed: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --prefer-binary -r $<
	touch $@

THEORY_TABLES := dense symmetric other closed growth sizes wrong
STUDY_TABLES := costs trials tables
SPEED := $(THEORY_TABLES) search limits large emulator tomography-peer start $(STUDY_TABLES)
STATISTICS := coverage structured verdicts independence assumptions tomography adaptive few-shots shots

# One target for each table of docs/benchmarks.md and docs/benchmarks/accuracy.md, such as bench-dense.
bench: $(addprefix bench-,$(SPEED) $(STATISTICS) study devices planning)  ## everything behind docs/benchmarks.md and docs/benchmarks/, beside peers (three hours)

bench-page: install peers  ## the tables of docs/benchmarks.md anew, in one go (an hour of a quiet machine)
	$(BIN)/python benchmarks/page.py

BENCH = OMP_NUM_THREADS=1 $(BIN)/python benchmarks

bench-theory: $(THEORY_TABLES:%=bench-%)  ## the theory beside its peers (forty minutes)

$(THEORY_TABLES:%=bench-%): bench-%: install peers
	$(BENCH)/theory.py --tables $* $(ARGS)

bench-limits bench-start bench-coverage bench-structured bench-verdicts bench-independence bench-tomography bench-shots bench-planning: bench-%: install
	$(BENCH)/$*.py $(ARGS)

bench-large: install
	$(BENCH)/large.py --clock cpu $(ARGS)

bench-search: install
	$(BENCH)/search.py
	@echo
	$(BENCH)/search.py --probes squeezed --objectives rate --sizes 40 100

$(STUDY_TABLES:%=bench-%): bench-%: install
	$(BENCH)/study.py $*

bench-study: install
	$(BENCH)/study.py workers overhead store bookkeeping dask memory

bench-emulator: install  ## the emulator beside Aer (twenty minutes)
	$(BENCH)/emulator.py $(ARGS)

bench-tomography-peer: install peers
	$(BENCH)/tomography_peer.py $(ARGS)

bench-assumptions: install
	$(BENCH)/assumptions.py alarms
	$(BENCH)/assumptions.py power

bench-adaptive: install
	$(BENCH)/adaptive.py --repetitions 400 --shots 200 1000 4000 --sizes 4
	$(BENCH)/adaptive.py --repetitions 200 --shots 1000 --sizes 4 --only adaptive --off

bench-few-shots: install
	$(BENCH)/few_shots.py phases
	$(BENCH)/few_shots.py angles
	$(BENCH)/few_shots.py bootstrap
	$(BENCH)/few_shots.py shifts --repetitions 300

bench-devices: install
	$(BENCH)/devices.py plan submission preparation readout window

studies: install  ## further cases and repetitions of tests that `make test` holds in part
	$(PYTEST) -m study tests
	QSENSE_EXAMPLES=600 $(PYTEST) -k hostile tests
	QSENSE_DRAWS=120-1000 $(PYTEST) tests/theory/test_random_oracle.py
	QSENSE_ALL_STEPS=1 $(PYTEST) tests/jobs/test_kill.py tests/calibration/test_kill_calibration.py

draws: install  ## ten thousand random questions to the theory, beside a referee in sixty digits (about an hour)
	OMP_NUM_THREADS=1 QSENSE_DRAWS=10000 $(BIN)/python -m pytest --quiet tests/theory/test_random_oracle.py

clean:
	rm -rf .venv .venv-peers build dist .mypy_cache .ruff_cache .pytest_cache
