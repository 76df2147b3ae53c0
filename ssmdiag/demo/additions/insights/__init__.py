"""The account can answer Logs Insights queries on the log events that it holds.

Enters: the text of a query. Leaves: its commands, checked and carried out, or a refusal where the
service would refuse it. `install` is where requests arrive.
"""
