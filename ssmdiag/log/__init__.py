"""Log: what the agent wrote down, wherever it lies and however it was passed on.

Enters: bytes of files, folders, globs or standard input, and the period and session asked for.
Leaves: Records in order of time, each once, and a SourceFile for every place that was looked at.
May know: the agent's log layouts and what syslog, tickets and operators make of them; names,
rotation and packing of the files. It opens files and nothing else: what a message means is for the
catalogue to say, so that a new layout never touches a pattern and a new pattern never the reader.
"""
