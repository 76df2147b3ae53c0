"""The composition root: real files, clock, boto3 and host become finished objects here.

What enters is what a command was asked for, as a value; what leaves is a Report, a Plan or a page,
or a JobError in one line. Nothing below this room reads the environment, opens a file of the user's
or looks at the clock by itself; nothing in it decides what is right or wrong. One file a job.
"""
