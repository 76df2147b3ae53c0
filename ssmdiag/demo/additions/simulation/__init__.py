"""The account can say what IAM's policy simulator would say of a request.

Enters: whose requests are simulated, with which policies and which context. Leaves: the decision
on every action and resource, with the statements that made it. `simulate` is where requests arrive.
"""
