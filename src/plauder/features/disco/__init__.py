"""Service discovery and capabilities: what the server, its accounts and their devices can do.

- disco#info and disco#items of the domain and of accounts (XEP-0030), put together from what the other features
  registered, so that the answers are true; contact addresses of the operator (XEP-0157).
- The server's own capabilities in its stream features (XEP-0115 §6.3, XEP-0390 §5.2), so that clients need not ask.
- The capabilities of clients: learnt from presence, asked for once per hash, verified, kept across restarts. Features
  ask `server.people.interests` which events a device wants (`+notify`); devices with the same software share one
  answer.
"""
