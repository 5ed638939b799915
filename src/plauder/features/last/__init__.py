"""When was somebody last here (XEP-0012), told to those whom the account lets know it; and how long the server is up.

The time is noted in memory and written once a minute, and when the server stops, so that coming and going costs no
transaction; a crash loses a minute at most. XEP-0319 (since when somebody is idle) is said by clients inside their
presence and passed on as it is.
"""
