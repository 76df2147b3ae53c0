"""The operating system below the agent: clock, volumes, limits, users, programs, what confines it.

Knows what a session needs of the node, from the agent's source; asks the host.
"""
