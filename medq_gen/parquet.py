"""From pydantic models to Parquet and back: the schema is derived from the model, so that an empty table has its columns too."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from medq_gen.files import to_json

Model = TypeVar("Model", bound=BaseModel)
CHOICE = "_choice"  # a number or a word (a discrete strength) needs two columns: <name> and <name>_choice
IMAGE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
_PLAIN: dict[Any, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), bytes: pa.binary()}


def _members(kind: Any) -> list[Any]:
    """The members of an annotation without None: Annotated[float | None, ...] -> [float]."""
    if get_origin(kind) is Annotated:
        return _members(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return [member for part in get_args(kind) if part is not type(None) for member in _members(part)]
    return [kind]


def _is_choice(kind: Any) -> bool:
    return {float, str} == set(_members(kind))


def _arrow(kind: Any) -> pa.DataType:
    members = _members(kind)
    if len(members) != 1:
        return pa.string()  # a union that has no column of its own travels as JSON text
    (kind,) = members
    if kind in _PLAIN:
        return _PLAIN[kind]
    if get_origin(kind) is Literal:
        return _PLAIN[type(get_args(kind)[0])]
    if get_origin(kind) in (list, tuple, set, frozenset):
        return pa.list_(_arrow(get_args(kind)[0]))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return pa.struct(_fields(kind))
    return pa.string()


def _is_text(kind: Any) -> bool:
    """Whether a field travels as JSON text (mappings, mixed unions, Any)."""
    members = _members(kind)
    if len(members) != 1:
        return not _is_choice(kind)
    kind = members[0]
    is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
    return not (kind in _PLAIN or get_origin(kind) in (Literal, list, tuple, set, frozenset) or is_model)


def _fields(model: type[BaseModel]) -> list[pa.Field]:
    fields = []
    for name, info in model.model_fields.items():
        column = info.alias or name
        if _is_choice(info.annotation):
            fields += [pa.field(column, pa.float64()), pa.field(column + CHOICE, pa.string())]
        else:
            fields.append(pa.field(column, _arrow(info.annotation)))
    return fields


def schema_of(model: type[BaseModel], *, images: tuple[str, ...] = ()) -> pa.Schema:
    """The columns of a model, and image columns beside them; carries the `huggingface` note that makes those columns pictures for `datasets`."""
    schema = pa.schema([*_fields(model), *(pa.field(name, IMAGE) for name in images)])
    features = {field.name: {"_type": "Image"} if field.name in images else _feature(field.type) for field in schema}
    return schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def _feature(kind: pa.DataType) -> Any:
    """The `datasets` spelling of a column's type."""
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_list(kind):
        return [_feature(kind.value_type)]
    names = {pa.string(): "string", pa.int64(): "int64", pa.float64(): "float64", pa.bool_(): "bool", pa.binary(): "binary"}
    return {"dtype": names[kind], "_type": "Value"}


def to_row(value: BaseModel) -> dict[str, Any]:
    """A model as a row of its table."""
    row: dict[str, Any] = {}
    for name, info in type(value).model_fields.items():
        column, found = info.alias or name, getattr(value, name)
        if _is_choice(info.annotation):
            row[column] = float(found) if isinstance(found, int | float) else None
            row[column + CHOICE] = found if isinstance(found, str) else None
        elif found is not None and _is_text(info.annotation):
            row[column] = to_json(_plain(found))
        else:
            row[column] = _cell(found)
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, dict):
        return {key: _plain(found) for key, found in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(found) for found in value]
    return value


def _cell(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return to_row(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_cell(found) for found in value]
    return value


def from_row(model: type[Model], row: dict[str, Any]) -> Model:
    """The model that `to_row` made a row of; columns that are not the model's (pictures) are passed over."""
    return model.model_validate(_values(model, row))


def _values(model: type[BaseModel], row: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        column = info.alias or name
        if column not in row:
            continue
        found = row[column]
        if _is_choice(info.annotation):
            found = row.get(column + CHOICE) if row.get(column + CHOICE) is not None else found
        elif found is not None and _is_text(info.annotation):
            found = json.loads(found)
        else:
            found = _restored(info.annotation, found)
        values[column] = found
    return values


def _restored(kind: Any, found: Any) -> Any:
    if found is None:
        return None
    (kind,) = _members(kind)
    if get_origin(kind) in (list, tuple, set, frozenset):
        return [_restored(get_args(kind)[0], item) for item in found]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _values(kind, found)
    return found


ROW_GROUP = 16  # rows: a group of pictures of 1024 x 1024 stays in the tens of megabytes, for the writer and for every reader


def write(path: Path, rows: Iterable[dict[str, Any]], schema: pa.Schema) -> None:
    """Write a table, a group of rows in memory at a time. The bytes depend on the rows and on the version of pyarrow alone."""
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=False) as writer:
        remaining = iter(rows)
        while group := list(islice(remaining, ROW_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def rows_of(path: Path, *, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a table, a batch at a time."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=ROW_GROUP, columns=columns):
            yield from batch.to_pylist()
