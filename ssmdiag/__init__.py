"""ssmdiag: why Session Manager sessions, or their encrypted logs, do not work."""

__version__ = "0.1.0"
