"""Queries: what operators and auditors ask of session logs, ready to be run.

Each file beside this one is a Logs Insights query as data, with the values that it takes. What
enters is a query's name, values and the one door; what leaves are rows. This room asks AWS nothing
that would change anything, and draws nothing.
"""
