"""KMS keys: of sessions, of the log group, of the bucket; their state and their policies."""
