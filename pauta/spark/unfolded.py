"""Answers that are kept as JSON text, as columns again: by Spark alone, without Python on the executors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pauta.spark.columns import ANSWERS, out_schema, spark_schema

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def unfold(results: DataFrame) -> DataFrame:
    """The results with their answers as lists of structs, as `score` makes them where no JSON is asked for.

    A row an answer: `unfold(results).selectExpr("evaluation_id", "inline(answers)")`.
    """
    from pyspark.sql import functions as to_, types as spark

    if not isinstance(results.schema[ANSWERS].dataType, spark.StringType):
        return results
    wanted = spark_schema(out_schema((ANSWERS,)))[ANSWERS].dataType
    assert isinstance(wanted, spark.ArrayType)
    assert isinstance(wanted.elementType, spark.StructType)
    each, errors = wanted.elementType, wanted.elementType["errors"].dataType
    assert isinstance(errors, spark.ArrayType)
    own = {"answer": spark.VariantType(), "criterion_answer": spark.VariantType()}
    plain = {field.name: own.get(field.name, field.dataType) for field in each if field.name not in ("errors", "more")}
    written = spark.StructType([spark.StructField(name, kind) for name, kind in plain.items()])
    written.add("error", spark.StringType())

    def answer(found: Column) -> Column:
        made = {name: found[name] for name in plain}
        made |= {name: _value(found[name]) for name in own}
        made["errors"] = to_.coalesce(to_.from_json(found["error"], errors), to_.array())
        made["more"] = to_.lit(None)
        return to_.struct(*(made[field.name].alias(field.name) for field in each))

    listed = to_.from_json(results[ANSWERS], spark.ArrayType(written))
    return results.withColumn(ANSWERS, to_.transform(listed, answer).cast(wanted))


def _value(said: Column) -> Column:
    """An answer, which is a text, a number or a list of options: its text, its number, its options."""
    from pyspark.sql import functions as to_

    kind = to_.schema_of_variant(said)
    text, number = to_.try_variant_get(said, "$", "string"), to_.try_variant_get(said, "$", "double")
    options = to_.try_variant_get(said, "$", "array<string>")
    several, is_text = kind.startswith("ARRAY"), kind == "STRING"
    value = to_.struct(
        to_.when(several, to_.array_join(options, "; ")).otherwise(text).alias("text"),
        to_.when(~several & ~is_text, number).alias("number"),
        to_.when(several, options).alias("chosen"),
    )
    return to_.when(said.isNotNull() & ~to_.is_variant_null(said), value)
