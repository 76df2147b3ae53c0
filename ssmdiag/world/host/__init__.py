"""Host: the node itself as a door, one file a subject.

Enters: a Call of service ``host`` and the Place that is looked at.
Leaves: an Answer whose data are plain JSON values, ready for a Snapshot.
Knows: where agents keep their files, how the operating systems tell of services, processes and
limits, and how to try an endpoint as the agent would. It reads and connects; it changes nothing,
judges nothing and never raises. Secrets (vault, credentials, passwords in proxy URLs) are not read,
or masked before they leave. ``door`` finds every file's ``OPERATIONS``.
"""
