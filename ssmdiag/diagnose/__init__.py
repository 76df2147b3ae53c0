"""Diagnose: Symptoms × Requirements → Findings, each with a fix that was proved.

Enters: the Situation, the Requirements, ``ask``, and how to word write Calls as commands.
Leaves: a Report.
Knows: which Requirements to look at, which Finding explains which Symptom, in which order causes
are told, and what proof means. It knows no service and no file: those are behind the values it is
given.
"""
