"""From a scorecard and a batch to results: plan, scoring, evaluate, explain, escalate."""
