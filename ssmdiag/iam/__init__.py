"""Knowledge of AWS authorisation, as pure functions.

Enters: the words of an ARN, the text of an error, the JSON of policies and the request that is to
be judged. Leaves: `Arn`, `Failure` with its `Denial`, and a `Decision` that names the statement
which decided it. Nothing here asks AWS, reads a file or knows what Session Manager is: this room
may know IAM, KMS and the wording of AWS's refusals, so that the log and our own refused Calls are
read by one grammar, and a fix is proved by the same rules that found the fault.
"""
