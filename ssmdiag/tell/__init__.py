"""Tell: where news about a node goes, and how none of it is lost on the way.

Enters: Messages, each with its text for people and its document for programs, and Addresses.
Leaves: lines, datagrams, events, API calls and processes, one file a sink; what cannot be sent yet
waits in a folder. This room may know the protocols of its sinks, and how AWS is written to through
the door that it is handed. It judges nothing: what is worth telling was decided before, so that
every sink tells the same. A message holds what strangers wrote into logs; nothing of it may end a
line, drive a terminal or be run.
"""
