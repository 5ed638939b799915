"""Tools without a domain: clock, ids, money, phone numbers, errors, configuration, logging, metrics.

Nothing here knows of chats, businesses or databases. Everything above may import it.
"""
