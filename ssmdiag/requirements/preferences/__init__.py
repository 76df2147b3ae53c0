"""The session documents: which one counts, what it says, whether it is written as it should be."""
