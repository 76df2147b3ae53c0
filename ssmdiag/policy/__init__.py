"""What IAM would answer, and what would make it answer otherwise: pure functions over policies.

Enters: policy documents, and a request with what is known of its context. Leaves: a `Decision`
(allowed, denied or undetermined) that names the statements which decided it and, for a denial, what
comes nearest to allowing it; and the least addition to a policy that turns a denial round, proved
by deciding again. This room knows the IAM and KMS documentation and nothing else: it asks nobody,
and has never heard of sessions or logs. Every rule names the page that it rests on.
"""
