"""Metric filters: what matters in session logs, counted by CloudWatch Logs.

Each file beside this one is a metric filter as data, with an alarm where one makes sense and with
events that it counts and does not count. What enters is a folder; what leaves are MetricFilters.
"""
