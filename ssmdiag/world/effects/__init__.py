"""What write Calls do: for each, how the Answers of the reading Calls change that see it.

One file a service, named after it, with a table ``EFFECTS`` by operation. What an operation does is
taken from the AWS API Reference of its service, and a test compares it with the embedded account.
"""
