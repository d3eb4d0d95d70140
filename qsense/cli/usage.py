"""What is wrong with the words that were typed, on one line, with what was probably meant."""

from __future__ import annotations

import difflib
import re
from typing import Any

# What people call an option that has another name here, in lower case; the first of them that a command has is meant.
_CALLED = {
    "device": ("backend", "vendor"), "b": ("backend",), "machine": ("backend",), "vendor": ("all",),
    "n": ("num-qubits",), "spins": ("num-qubits",), "num-spins": ("num-qubits",), "qubits": ("num-qubits",),
    "nqubits": ("num-qubits",), "num-ions": ("num-qubits",), "ions": ("num-qubits",), "atoms": ("num-qubits",),
    "state": ("probe",), "p": ("probe",), "gamma": ("dephasing",), "rate": ("dephasing",), "decay": ("emission",),
    "relaxation": ("emission",), "gamma1": ("emission",), "t2star": ("t2",), "model": ("noise",),
    "noise-model": ("noise",), "time": ("times", "until"), "t": ("times",), "tmax": ("until",), "phi": ("field",),
    "b0": ("field",), "magnetic-field": ("field",), "gyro": ("gyromagnetic-ratio",), "ratio": ("gyromagnetic-ratio",),
    "deadtime": ("dead-time",), "overhead": ("dead-time",), "o": ("out", "plot"), "output": ("out", "plot"),
    "file": ("out",), "figure": ("plot",), "fig": ("plot",), "png": ("plot",), "measure": ("readout",),
    "measurement": ("readout",), "max-error": ("error", "precision"), "error": ("precision", "until-error"),
    "against": ("with",), "and": ("with",), "other": ("with",), "sequence": ("idle",), "pulses": ("idle",),
    "echo": ("idle",), "folder": ("records", "out", "store"), "dir": ("records", "out"), "y": ("yes",),
    "q": ("qubits",), "verbose": ("debug",), "jobs": ("workers",), "j": ("workers",), "cores": ("workers",),
    "processes": ("workers",), "v": ("version",), "h": ("help",), "max-time": ("max-qpu-seconds", "seconds"),
}  # fmt: skip
_COMMANDS = {
    "help": "--help", "version": "--version", "devices": "backends", "device": "backends", "simulate": "run",
    "start": "run", "execute": "run", "fit": "estimate", "analyse": "estimate", "analyze": "estimate", "ls": "records",
    "rm": "records rm", "delete": "records rm", "remove": "records rm", "find": "records find", "diff": "compare",
    "draw": "plot", "figure": "plot", "html": "report", "page": "report", "circuits": "render", "circuit": "render",
    "noise": "list noise", "probes": "list probes", "estimators": "list estimators", "keys": "list keys",
    "study": "sweep", "gain": "theory", "bound": "theory", "crossover": "theory", "best": "optimal", "fetch": "collect",
    "status": "collect", "save": "export", "csv": "export", "characterise": "calibrate", "characterize": "calibrate",
}  # fmt: skip
# What a word without an option would be of.
_OF_A_WORD = {"compare": "--with", "plan": "--backend", "backends": "--vendor", "theory": "--probe"}


def usage_error(error: Any) -> str:
    """Returns what is wrong with the words of a command, and what to type instead.

    Args:
        error: as Typer raises it: with a message, and where it knows it the context of the command.
    """
    context, command = error.ctx, None if error.ctx is None else error.ctx.command
    path = "qsense" if context is None else context.command_path
    said = " ".join(error.format_message().split()).replace("Value error, ", "")
    if command is None:
        return said
    if (option := getattr(error, "option_name", None)) and said.startswith("No such option"):
        if where := _of_all_commands(option, context):
            return where
        said = f"There is no option {option}{_meant_by(option, command)}"
    elif type(error).__name__ == "MissingParameter" and error.param is not None:
        said = _missing(error.param)
    elif found := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", said):
        said = f"Nothing takes the word {found[1]}{_option_for(found[1].split(), command)}"
    elif found := re.match(r"No such command '(.*?)'", said):
        if not found[1].strip():
            return f"An empty text stands where a command should. See: {path} --help"
        return f"There is no command {found[1]}{_command_for(found[1], context)}"
    return f"{said if said.endswith('?') else said.rstrip('.') + '.'} See: {path} --help"


def _of_all_commands(option: str, context: Any) -> str:
    """Where an option stands that is one of qsense itself, under this or another name; "" of other ones."""
    root = context.find_root()
    known = {name for parameter in root.command.params for name in parameter.opts}
    meant = [name for name in (option, *_named(option)) if name in known]
    if root is context or not meant:
        return ""
    if any(parameter.callback for parameter in root.command.params if meant[0] in parameter.opts):  # it answers alone
        return f"{meant[0]} is an option of {root.command_path}; write {root.command_path} {meant[0]}"
    rest = context.command_path.removeprefix(root.command_path)
    return f"{meant[0]} is an option of {root.command_path}; write {root.command_path} {meant[0]}{rest} …"


def _named(option: str) -> list[str]:
    """What an option is called here that people know by another name."""
    return [f"--{name}" for name in _CALLED.get(option.lstrip("-").replace("_", "-").lower(), ())]


def _meant_by(option: str, command: Any) -> str:
    """What an option that there is not probably means."""
    known = [name for parameter in command.params for name in parameter.opts if name.startswith("--")]
    known = [*known, "--help"]
    word = option.lstrip("-").replace("_", "-").lower()
    if f"--{word}" in known:
        return f"; write --{word}"
    named = [name for name in _named(option) if name in known]
    close = difflib.get_close_matches(f"--{word}", known, n=2, cutoff=0.75)
    if meant := named[:1] or close:
        return f"; did you mean {' or '.join(meant)}?"
    if any(parameter.metavar == "SPEC" for parameter in command.params):
        from qsense.runs.spec_file import SpecFile

        keys = list(SpecFile.model_fields)
        if word.replace("-", "_") in keys:
            return f": `{word.replace('-', '_')}` is a key of the spec; write it there"
    begun = [name for name in known if len(word) > 2 and name.startswith(f"--{word}")]
    return f"; did you mean {begun[0]}?" if begun else ""


def _missing(parameter: Any) -> str:
    """The option or argument that is missing, with what it is."""
    name = parameter.metavar or parameter.name
    if parameter.param_type_name == "option":
        name = f"{parameter.opts[0]} {parameter.metavar or ''}".rstrip()
    help_text = " ".join((getattr(parameter, "help", None) or "").split())
    return f"{name.strip('{}')} is missing{': ' + help_text if help_text else ''}"


def _option_for(words: list[str], command: Any) -> str:
    """The option that words without one probably belong to."""
    options = {name for parameter in command.params for name in parameter.opts}
    first = words[0] if words else ""
    if first == "help":
        return "; did you mean --help?"
    is_size = re.fullmatch(r"\d+(?:[-,:]\d+)*", first) is not None
    option = "--num-qubits" if is_size else _OF_A_WORD.get(command.name or "", "")
    return f"; did you mean {option} {first}?" if option in options else "; words with spaces need quotes"


def _command_for(word: str, context: Any) -> str:
    """The command that one that there is not probably means."""
    known, path = context.command.list_commands(context), context.command_path
    if path == "qsense" and word.lower() in _COMMANDS:
        return f"; did you mean: qsense {_COMMANDS[word.lower()]}"
    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"; did you mean: {path} {close[0]}" if close else f". There are: {', '.join(known)}."
