"""World: the one way out of the program.

Enters: a Call, which is a question to AWS or to the host as a frozen value.
Leaves: an Answer, one of ``Known``, ``Absent``, ``Denied``, ``Unreachable``.
Knows: how to ask boto3, the host and a Snapshot file, and how write Calls would change later
Answers (overlay). It decides nothing: whether an Answer is good news is for Requirements to say,
so that the same diagnosis runs live, from a file, in a test, and on a world that is only planned.
boto3 is imported by ``aws.py`` alone.
"""
