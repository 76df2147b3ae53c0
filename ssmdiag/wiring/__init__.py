"""The composition root: real files, clock, boto3 and host become finished objects here.

What enters is what a command was asked for, as a value; what leaves is a Report, a Plan or a page,
or a JobError in one line. Below this room only what stands at the edge (the doors of world, the
logs, the sinks) opens files, looks at the clock or waits; whatever judges has all of it as values.
Here is decided what is done and when, never what is right or wrong. One file a job.
"""
