"""Flows: forms that a person fills in inside the chat.

A flow is JSON of screens; `rules` checks it and says what is wrong where. Life: DRAFT → PUBLISHED → DEPRECATED. A flow
may have an endpoint of the business: `crypto` encrypts what goes there and reads what comes back.
"""
