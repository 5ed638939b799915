"""Moved (XEP-0283 0.2): somebody goes on under another address, and contacts find them there.

The old account says so in its node `urn:xmpp:moved:1`; the new one asks the contacts to see their presence, naming the
old address. Where the statement is there, on whatever server, who is a contact of the old address here becomes one of
the new address without being asked. (A new phone number needs none of this: it takes everything along.)
"""
