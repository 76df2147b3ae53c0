"""A person's own question: may this principal do that?

Enters: an action, a resource, whoever is meant, and what is known of the request. Leaves: a
`Judgement`, answer first, with the reason, what was not looked at, and the proved Change that would
turn a denial round. The policies are read through ``ask`` and judged by ``policy``; this room knows
which policies there are to read for a caller and for a resource, and decides nothing by itself.
"""
