"""The agent on the node: installed, running, awake, configured, new enough.

Knows what the agent reads and what it does with it, from its source; asks the host.
"""
