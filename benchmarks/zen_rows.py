"""Runs in zen-engine's own environment: evaluates one compiled expression over rows, on request.

python zen_rows.py FILE     FILE is JSON: {expression, rows}
stdin, one word a line      results: the result of each row as JSON; time: seconds of the processor for all rows
"""

import json
import sys
import time
from pathlib import Path

import zen

task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
evaluate = zen.compile_expression(task["expression"]).evaluate
rows = task["rows"]
for line in sys.stdin:
    started = time.process_time()
    if line.strip() == "results":
        answer = [evaluate(row) for row in rows]
    else:
        for row in rows:
            evaluate(row)
        answer = time.process_time() - started
    print(json.dumps(answer), flush=True)
