"""The way from the node to each service, as probed, and as the VPC shows it.

Knows the names of endpoints, VPC endpoints and their policies, routes, security groups and network
ACLs. What EC2 does not show is never held against the VPC.
"""
