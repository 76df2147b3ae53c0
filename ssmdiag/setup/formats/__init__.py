"""Formats: a plan as text that somebody can read, run, review or deploy. One file a format.

What enters is a Plan, what leaves is a string. Nothing here asks, and nothing here decides what is
to be done: the plan did.
"""
