"""The account can deploy templates: stacks that are created, updated and deleted, or fail.

Enters: moto's stacks, which hold the templates and evaluate them. Leaves: the resources, made with
the APIs of the services, so that a stack is refused what anybody else is refused. `install` is
where requests arrive.
"""
