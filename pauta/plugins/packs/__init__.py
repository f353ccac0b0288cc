"""Packs by call type: criteria, a card with its cases, and sample calls for each, written as a stranger could have.

    collections     who calls and for whom, a promise with amount and day, no threats
    sales           needs before the offer, terms before consent, consent in the customer's own words
    support         the problem restated, steps confirmed, the resolution checked
    verification    identity before account data, no card numbers and no one-time codes aloud

A pack is a folder: its hooks in `__init__.py`, criteria, the words they listen for, `scorecards/`, and `calls.jsonl`.
What several packs need stands beside them: numbers, amounts and days as people say them (`numerals`, `amounts`,
`days`), whether words are meant (`meant`), what a reply amounts to (`replies`), and how criteria listen (`hearing`).
"""
