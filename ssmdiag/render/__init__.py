"""Render: a Report becomes text, one file a format.

What enters is a Report, complete and in order; what leaves is a str. This room knows how people
and programs read, and nothing of AWS or agent logs: it adds no judgement and invents no wording,
so that every format says the same. It is also the last door before a terminal, therefore it makes
control characters visible and masks credentials, whatever the rooms before it let through.
"""
