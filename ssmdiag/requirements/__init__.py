"""Requirements: what must hold for sessions and their encrypted logs to work.

Enters: ``ask`` and the Situation (what the log already told).
Leaves: for each Requirement a Verdict with its evidence, and for a broken one its Remedies.
Knows: Session Manager, KMS, CloudWatch Logs, S3 and IAM as AWS documents them, and what the agent
does with them. It does not know where Answers come from: live, Snapshot and overlay look the same,
which is what makes a proof possible. One folder a subject, one file a question; ``registry`` finds
them.
"""
