"""Voice and video calls: signalling passes through, the server helps and keeps nothing.

Clients ring each other by Jingle Message Initiation (XEP-0353) and agree by Jingle; media goes between them, or through
a TURN relay whose address and short-lived password they get here (XEP-0215). A call that nobody took is known as missed
to every device that was away: the `<propose/>` waits in its inbox with its time, and when the ringing is over without
an answer the server says `<retract/>` for the caller, whose device may be gone by then.
"""
