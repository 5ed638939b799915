"""What operators did: who, when, with which command, to which accounts.

Every command of operators is written down when it was carried out, those at the terminal and those given from an XMPP
client, those that only read about people included. Never a password, never anything of a chat. Operators read it
(`plauder audit`, or the command in their client); nothing changes or removes an entry but its age.
"""
