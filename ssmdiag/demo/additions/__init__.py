"""What moto lacks, or answers otherwise than AWS documents: one file a service, rooms for what one
file cannot hold - CloudFormation, filters, Logs Insights, IAM's policy simulator - and a file for
KMS's dry runs, which decide by policies as the simulator does.

Enters: moto's response and backend classes. Leaves: the same classes with operations added and
answers corrected, by `install()`, which may be called any number of times. State is kept on moto's
own backends, so that moto's reset forgets it too. moto's classes are touched here only.
"""
