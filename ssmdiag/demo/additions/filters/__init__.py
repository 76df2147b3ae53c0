"""The account can tell what a filter pattern of CloudWatch Logs matches, and refuses what is none.

Enters: patterns in words, in brackets or in braces. Leaves: conditions on log events, and the
refusals of metric filters and subscription filters that the service would refuse. `install` is
where requests arrive.
"""
