PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: install paper test lint types unit wheel test-vendors peers bench clean

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

paper: install  ## the main job: runs/paper.toml, from circuits to the comparison with theory
	$(BIN)/qsense run runs/paper.toml $(ARGS)

test: lint types unit wheel  ## everything that must hold

lint: install
	$(BIN)/ruff check qsense tests benchmarks docs
	$(BIN)/ruff format --check qsense tests benchmarks docs

types: install
	$(BIN)/mypy

unit: install  ## tests and doctests of the checkout
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --quiet -n 2 --dist loadfile --doctest-modules qsense tests

wheel: install  ## the same tests, but the longest, against the built wheel, from a folder outside the checkout
	rm -rf build/wheel dist
	$(BIN)/python -m build --wheel --outdir dist . > /dev/null
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target build/wheel dist/*.whl
	folder=$$(mktemp -d) && cp -r tests $$folder/ && cd $$folder && \
	PYTHONPATH=$(CURDIR)/build/wheel QSENSE_INSTALLED_AT=$(CURDIR)/build/wheel \
	OMP_NUM_THREADS=1 $(CURDIR)/$(BIN)/python -m pytest --quiet -n 2 --dist loadfile -c $(CURDIR)/pyproject.toml \
	--rootdir $$folder -p no:cacheprovider -m "not checkout and not long" tests; status=$$?; rm -rf $$folder; exit $$status

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

peers: .venv-peers/installed  ## the peers of the benchmarks, in an environment of their own (1.1 GB)

.venv-peers/installed: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --prefer-binary -r $<
	touch $@

bench: install peers  ## the studies behind docs/benchmarks.md, beside peers (about an hour)
	$(BIN)/python benchmarks/theory.py
	$(BIN)/python benchmarks/emulator.py
	$(BIN)/python benchmarks/coverage.py
	$(BIN)/python benchmarks/structured.py
	$(BIN)/python benchmarks/tomography.py
	$(BIN)/python benchmarks/shots.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/tomography_peer.py
	$(BIN)/python benchmarks/devices.py plan submission preparation readout window
	$(BIN)/python benchmarks/study.py

clean:
	rm -rf .venv .venv-peers build dist .mypy_cache .ruff_cache .pytest_cache
