"""Targets: what a wanted configuration consists of, each as Requirements. One file a target.

Every file has ``requirements(wanted)``: the Requirements that hold once the target is reached, with
the Remedies that reach it. They ask through the one door and write nothing.
"""
