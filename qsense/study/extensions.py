"""Whether the workers of a study know the extensions that its trials need.

Workers are other processes: they know what is installed with an entry point, and what the main script registers when
it is imported, but not what was registered in this process only.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import BrokenExecutor, Executor
from contextlib import suppress

from qsense.backends.vendor import all_vendors, find_simulator, find_vendor
from qsense.errors import ArgumentError, is_own
from qsense.estimators.registry import AUTO, automatic, estimator_named, estimator_names
from qsense.extensions import Consent, allowing, current_consent
from qsense.extensions.entry_points import installed
from qsense.noise.kinds import noise_kind
from qsense.runs.spec import RunSpec

Extension = tuple[str, str]
"""What it is, and its name."""
_GROUPS = {"estimator": "qsense.estimators", "kind of noise": "qsense.noises", "vendor": "qsense.vendors"}


def check_workers(executor: Executor, specs: Iterable[RunSpec]) -> None:
    """Refuses to begin if the workers lack an extension; asks them only where an extension is not installed.

    Raises:
        ArgumentError: names the first that they lack, and what to do.
    """
    names = sorted(set().union(*map(not_installed, specs)))
    if not names:
        return
    lacking: list[Extension] = []
    with suppress(BrokenExecutor):  # a worker died: whoever submits trials notices it too
        lacking = executor.submit(unknown, names, current_consent()).result()
    if lacking:
        what, name = lacking[0]
        raise ArgumentError(
            f'The workers do not know the {what} "{name}", which is registered in this process only; install it with '
            f"an entry point in the group {_GROUPS[what]} (docs/extending.md), or register it in a script outside of "
            '`if __name__ == "__main__":`.'
        )


def not_installed(spec: RunSpec) -> set[Extension]:
    """Returns the extensions that a spec needs and that no entry point declares."""
    found: set[Extension] = set()
    for kind in (noise.to_dict().get("kind") for noise in spec.noises):
        if kind is not None and not _is_installed("kind of noise", noise_kind(kind)):
            found.add(("kind of noise", kind))
    for probe in spec.probes:
        for one in spec.estimators:
            estimator = automatic(probe)[0] if one.kind == AUTO else estimator_named(one.kind)
            if not is_own(estimator) and not _is_installed("estimator", estimator):
                found.add(("estimator", estimator.name))
    simulator = find_simulator(spec.backend)
    vendor = next((one for one in all_vendors() if simulator in one.simulators), find_vendor(spec.backend))
    code = vendor.opener if simulator is None else simulator.make
    if not is_own(code) and not _is_installed("vendor", vendor):
        found.add(("vendor", vendor.prefix))
    return found


def unknown(names: Iterable[Extension], consent: Consent) -> list[Extension]:
    """Returns those extensions that this process does not know; runs in a worker, with the consent of the study."""
    with allowing(consent):
        return [(what, name) for what, name in names if not _is_known(what, name)]


def _is_known(what: str, name: str) -> bool:
    if what == "estimator":
        return name in estimator_names()
    if what == "vendor":
        return name in [vendor.prefix for vendor in all_vendors()]
    try:
        noise_kind(name)
    except ArgumentError:
        return False
    return True


def _is_installed(what: str, extension: object) -> bool:
    return any(one == extension for one in installed(_GROUPS[what]))
