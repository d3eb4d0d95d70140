"""The page of the public Python names: their docstrings, in the order of the packages that hold them."""

from __future__ import annotations

from importlib import import_module

import qsense

TITLES = {
    "probes": "Probes",
    "signals": "Signals",
    "noise": "Noise",
    "theory": "Exact theory",
    "planning": "Plans",
    "runs": "Specs and records",
    "workflow": "Runs",
    "laboratory": "Laboratory",
    "comparison": "Comparison",
    "study": "Studies",
    "tables": "Tables",
    "reports": "Figures",
    "estimators": "Estimators of your own",
    "backends": "Vendors of your own",
    "errors": "Errors",
}


def python_page() -> str:
    """Returns the page, for mkdocstrings to fill in.

    Raises:
        KeyError: a package has public names, but no title here.
    """
    found: dict[str, list[str]] = {title: [] for title in TITLES.values()}
    for module, attribute in (home for _, home in sorted(qsense._HOMES.items())):
        value = getattr(import_module(module), attribute)
        found[TITLES[module.split(".")[1]]].append(f"::: {value.__module__}.{value.__qualname__}")
    lines = [
        "# Python",
        "",
        "The public names of `qsense`, each imported from `qsense` itself. "
        "[Stability](../stability.md) says what may change in them.",
    ]
    for title, names in found.items():
        lines += ["", f"## {title}", ""] + [f"{name}\n" for name in dict.fromkeys(names)]
    return "\n".join(lines)
