"""The types of the face; `__init__.py` hands the names on at first use."""

from pauta.bulk.schema import record_from as record_from, row_from as row_from, stored_schema as stored_schema
from pauta.engine.acting import Message as Message
from pauta.engine.contracts import (
    Delivery as Delivery,
    NotTaken as NotTaken,
    Outbox as Outbox,
    Recipient as Recipient,
    RetryLater as RetryLater,
    Sheet as Sheet,
)
from pauta.engine.evaluation.conditions import where as where
from pauta.engine.hookspecs import hookimpl as hookimpl
from pauta.engine.loading.asked import wants_from as wants_from
from pauta.engine.loading.conditions import Subjects as Subjects, condition_from as condition_from
from pauta.engine.loading.csv_rows import CsvSheet as CsvSheet, csv_sheet as csv_sheet
from pauta.engine.loading.json_lines import json_lines as json_lines
from pauta.engine.loading.records import (
    call_from as call_from,
    calls_from as calls_from,
    evaluations_from as evaluations_from,
    human_from as human_from,
    unknown_field as unknown_field,
)
from pauta.engine.model.calls import (
    Answer as Answer,
    Call as Call,
    CallBatch as CallBatch,
    HumanEvaluation as HumanEvaluation,
    Turn as Turn,
)
from pauta.engine.model.conditions import Condition as Condition, holds as holds, tests_of as tests_of
from pauta.engine.model.findings import (
    Evidence as Evidence,
    Finding as Finding,
    Findings as Findings,
    Verdict as Verdict,
    findings_of as findings_of,
)
from pauta.engine.model.followup import (
    Asked as Asked,
    Duty as Duty,
    Exemplar as Exemplar,
    Fact as Fact,
    Miss as Miss,
    Notice as Notice,
    Occasion as Occasion,
    Opened as Opened,
    Over as Over,
    ProcessFinding as ProcessFinding,
    Raise as Raise,
    Window as Window,
)
from pauta.engine.model.patterns import compiled as compiled
from pauta.engine.model.results import Results as Results
from pauta.engine.model.scorecard import Question as Question
from pauta.engine.model.turns import Turns as Turns, turns_from as turns_from, turns_of as turns_of
from pauta.engine.problems import Place as Place, Problem as Problem, ProblemsFound as ProblemsFound
from pauta.engine.whole_file import WholeFile as WholeFile
from pauta.store import (
    AnyStore as AnyStore,
    PostgresStore as PostgresStore,
    Store as Store,
    Written as Written,
)

__version__: str
