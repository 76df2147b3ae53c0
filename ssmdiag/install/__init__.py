"""Install: ``ssmdiag watch`` under cron, systemd, launchd or the Task Scheduler.

What enters is a Wish, as a value; what leaves are files as text, and the commands that a person
runs after them. One file a kind. This room writes files only where it is told to, over nothing that
it did not write itself, and starts no program.
"""
