"""The page of the keys of specs, studies and noise models, and their JSON Schemas, from the models that read them."""

from __future__ import annotations

import json
import re
from typing import Any

from qsense.noise.schema import noise_schema
from qsense.runs.schema import spec_schema
from qsense.study.schema import study_schema

SCHEMAS = {
    "run": ("A run spec", spec_schema),
    "study": ("A study", study_schema),
    "noise": ("A noise model", noise_schema),
}
HEAD = """# Keys of files

What may stand in a TOML file, made from the models that read it. The same as JSON Schema, with which editors complete
and check keys: [run](../schema/run.schema.json), [study](../schema/study.schema.json),
[noise model](../schema/noise.schema.json), or `qsense schema run --out run.schema.json`. In VS Code (Even Better TOML)
and other editors with Taplo the first line of a file names its schema:

```toml
#:schema ./run.schema.json
```

What the keys mean together: [runs](../runs.md), [noise](../noise.md), [studies](../studies.md). A text carries its own
unit wherever a number has one: `"80us"`, `"0.2MHz"`.
"""


def schema_files() -> dict[str, str]:
    """Path on the site → a JSON Schema."""
    return {
        f"schema/{kind}.schema.json": json.dumps(make(), indent=2, ensure_ascii=False) + "\n"
        for kind, (_, make) in SCHEMAS.items()
    }


def keys_page() -> str:
    """Returns the page."""
    lines, shown = [HEAD], set()
    for title, make in SCHEMAS.values():
        schema = make()
        lines += [f"## {title}", "", *_table(schema)]
        for name, one in schema.get("$defs", {}).items():
            if name in shown:
                continue
            shown.add(name)
            if name == "EstimatorEntry":
                lines += ["### EstimatorEntry", "", "By `estimator`:", "", *_estimators(one)]
            elif "properties" in one:
                lines += [f"### {name}", "", one.get("description", "").partition("\n\n")[0], "", *_table(one)]
    return "\n".join(lines)


def _table(schema: dict[str, Any]) -> list[str]:
    rows = ["| key | may be | |", "|---|---|---|"]
    for key, one in schema["properties"].items():
        needed = "needed. " if key in schema.get("required", ()) else ""
        default = f" Default: `{one['default']}`." if one.get("default") not in (None, [], {}, "") else ""
        rows.append(f"| `{key}` | {_allowed(one)} | {needed}{_cell(one.get('description', ''))}{default} |")
    return [*rows, ""]


def _estimators(entry: dict[str, Any]) -> list[str]:
    rows = ["| estimator | options |", "|---|---|"]
    for one in entry["oneOf"]:
        options = {key: value for key, value in one["properties"].items() if key not in ("estimator", "shots")}
        text = "; ".join(f"`{key}`: {_allowed(value)}" for key, value in options.items())
        rows.append(f"| `{one['properties']['estimator']['const']}` | {text or '–'} |")
    return [*rows, ""]


def _allowed(schema: dict[str, Any]) -> str:
    """What a value may be, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return ", or ".join(dict.fromkeys(_allowed(one) for one in schema[word]))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"a list of ({_allowed(schema.get('items', {}))})"
    return " or ".join(kind) if isinstance(kind, list) else {"object": "a table", "string": "text"}.get(kind, kind)


def _cell(text: str) -> str:
    """Text in a cell of a table; words in angle brackets are no HTML."""
    return re.sub(r"<(\w+)>", r"&lt;\1&gt;", text).replace("|", "\\|").replace("\n", " ")
