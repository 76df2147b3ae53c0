"""An AWS account inside the process, for `ssmdiag demo` and for the tests.

Enters: nothing but requests over HTTP on loopback, and the faults that are ordered. Leaves: what
AWS would answer, the log that an agent would write, and the well-known mistakes to find. This room
may know moto and how AWS behaves towards a client; nothing that plays AWS knows of Symptoms,
Requirements or Changes, so that the tool cannot be right merely because its double agrees with it.
Only `judging`, which compares a Report with what a scenario expects, and `show`, which prints one,
see what the tool found. Whatever moto lacks stands in `additions/`, a file or a room for each
service, and nowhere else. moto comes with the extra `demo`: it is imported when an account is
started, not before.
"""
