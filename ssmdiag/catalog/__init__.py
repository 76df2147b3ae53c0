"""What the agent's words mean, as data.

Enters: the catalogue under ``patterns/`` (and the user's own folders) and a stream of Records.
Leaves: Symptoms with the Requirements they cast doubt on, Clusters of errors that nobody knows,
and Problems of the catalogue itself. This room may know the grammar of failed requests (``iam``)
and nothing else: not where Records come from, not whether a suspicion is right. It never asks;
that is what Requirements are for.
"""
