"""The examiner: tests run in a trusted process, the learner's names are proxies into another.

`session.Session` is the trusted end, `learner.serve` the other. Nothing here knows notebooks.
"""
