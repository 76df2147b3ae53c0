"""As whom the agent calls AWS, where its credentials come from, and whether AWS knows the node.

``agent`` tells who it is; the other files judge each way to get there.
"""
