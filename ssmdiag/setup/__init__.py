"""Setup: a wanted configuration becomes a plan, and a plan becomes something one can run.

What enters is a set of Requirements that should hold and the one door; what leaves are Changes, as
write Calls, and their renderings: commands, CloudFormation, Terraform. This room may know how AWS
is written to, and must not write: only apply does, with a door that it is handed.
"""
