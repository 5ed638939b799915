"""What operators do from their XMPP client (XEP-0133): accounts, sessions, numbers, announcements, reports; and
invitations that anybody may make (XEP-0401).

Who is an operator stands in the configuration. The accounts themselves are kept by `features.accounts`, which comes in
as a port.
"""
