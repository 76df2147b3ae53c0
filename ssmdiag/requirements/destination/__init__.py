"""Where session logs go: the log group, the bucket, and how long they stay."""
