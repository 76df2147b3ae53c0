"""What moto lacks, or answers otherwise than AWS documents: one file a service,
and files of their own for what decides by policies: KMS's dry runs and IAM's policy simulator.

Enters: moto's response and backend classes. Leaves: the same classes with operations added and
answers corrected, by `install()`, which may be called any number of times. State is kept on moto's
own backends, so that moto's reset forgets it too. moto's classes are touched here only.
"""
