"""Who is online, told to whom it may concern: RFC 6121 §4.

A device's presence goes to the account's subscribers, to its own other devices, and to whom it was directed; coming
online, a device learns the presence of its contacts. Idle times (XEP-0319) and whatever else a client puts into its
presence are passed on as they are. Blocking (XEP-0191) looks like going offline, and so does the wish to be seen by
nobody; an account that everybody may see answers the probes of all who have an account here.
"""
