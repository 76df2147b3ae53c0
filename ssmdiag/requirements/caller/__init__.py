"""Who starts sessions: their permissions, their side of the handshake, their plugin.

Looked at on request, or if the log says so.
"""
