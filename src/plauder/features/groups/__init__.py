"""Groups: rooms of Multi-User Chat (XEP-0045) that behave like groups of a phone messenger.

A room is members-only and non-anonymous unless its owner says otherwise, which is what OMEMO needs: members read the
affiliation lists with real addresses and are told of every change, absent or not. A *member* gets each message on
each device through the inbox, joined or not, so a phone that was off misses nothing; who is no member gets them while
joined. Standard clients join as usual: the room keeps no history, so nothing comes twice.

`config` is what a room is like, `rules` who may do what, `room` one room in memory, `store` keeps; `presence`,
`messages` and `admin` answer the three kinds of stanzas, `hats` keeps titles, `post` is what a room sends, `service`
finds the room and keeps order, `feature` registers.
"""
