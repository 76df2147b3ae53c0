"""The words of AWS authorisation, as pure functions.

Enters: the words of an ARN, a name, the text of an error. Leaves: `Arn`, whether it can be a name,
and `Failure` with its `Denial`; policies are judged next door, in `policy`. Nothing here asks AWS,
reads a file or knows what Session Manager is: this room may know how AWS names things and words its
refusals, so that the log and our own refused Calls are read by one grammar.
"""
