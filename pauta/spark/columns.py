"""The columns of the outcome, as Arrow and as Spark have them: those of results, and the reject."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pauta.bulk.schema import rejects_schema, result_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql.types import DataType, StructType

REJECT: Final = "reject"
"""The column that is null in a result and says why in a row that was refused."""
ANSWERS: Final = "answers"
AnswersAs: TypeAlias = Literal["columns", "json"]
"""The answers of an evaluation as a list of structs, or as one JSON text."""


@cache
def out_schema(fields: tuple[str, ...], answers: AnswersAs = "columns") -> pa.Schema:
    """The columns of the outcome: those of results without dictionaries, which Spark does not have, and the reject."""
    import pyarrow as pa

    kinds = {name: _plain(result_schema().field(name).type) for name in fields}
    if answers == "json" and ANSWERS in kinds:
        kinds[ANSWERS] = pa.string()
    return pa.schema([*kinds.items(), pa.field(REJECT, pa.struct(list(rejects_schema())))])


def _plain(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(each.name, _plain(each.type)) for each in kind])
    if pa.types.is_map(kind):
        return pa.map_(_plain(kind.key_type), _plain(kind.item_type))
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    return kind


def spark_schema(schema: pa.Schema) -> StructType:
    """A schema of Arrow as Spark has it."""
    from pyspark.sql.types import StructField, StructType

    return StructType([StructField(field.name, _spark_type(field.type)) for field in schema])


def _spark_type(kind: pa.DataType) -> DataType:
    import pyarrow as pa
    from pyspark.sql import types as spark

    if pa.types.is_struct(kind):
        return spark.StructType([spark.StructField(each.name, _spark_type(each.type)) for each in kind])
    if pa.types.is_map(kind):
        return spark.MapType(_spark_type(kind.key_type), _spark_type(kind.item_type))
    if pa.types.is_list(kind):
        return spark.ArrayType(_spark_type(kind.value_type))
    plain = {
        pa.string(): spark.StringType(),
        pa.float64(): spark.DoubleType(),
        pa.int64(): spark.LongType(),
        pa.bool_(): spark.BooleanType(),
    }
    return plain[kind]
