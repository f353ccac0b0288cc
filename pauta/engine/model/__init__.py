"""The nouns: scorecards, conditions, calls, findings, results. They import nothing but problems and each other."""
