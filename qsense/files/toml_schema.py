"""The JSON Schema of a TOML file, from the model that reads it: editors complete and check keys with it."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from qsense.files.toml_file import Table

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Toml(GenerateJsonSchema):
    """TOML has no null: a key is given or left out. Titles that only repeat the key are left out too."""

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().default_schema(schema)
        if found.get("default", 0) is None:
            del found["default"]
        return found

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema_of(model: type[Table], title: str) -> dict[str, Any]:
    """Returns the JSON Schema of the TOML files that a model reads.

    Args:
        model: what reads the file.
        title: what an editor shows.

    >>> class Point(Table):
    ...     x: int
    ...     note: str | None = None
    >>> found = schema_of(Point, "a point")
    >>> found["properties"], found["required"]
    ({'x': {'type': 'integer'}, 'note': {'type': 'string'}}, ['x'])
    """
    found = model.model_json_schema(schema_generator=_Toml)
    return {"$schema": DIALECT, **found, "title": title}
