"""What the agent's role must be allowed, judged by the policy evaluator.

``authorisation`` turns a decision into a Verdict; the other files say what is needed.
"""
