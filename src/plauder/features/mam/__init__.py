"""Message archive management (XEP-0313), answered from the inbox: what is still stored is what the archive has.

There is no other archive on this server. A client that catches up by asking gets the messages that some device of the
account has not acknowledged yet; those that all have acknowledged are gone. The ids are those of XEP-0359 that the
messages carry, and grow with time: a page can start at an id that is gone.
"""
