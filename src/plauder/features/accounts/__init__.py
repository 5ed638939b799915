"""Accounts and their devices: who may log in, how one registers, how one is found.

An account is a phone number; its address is the digits at the domain. Where an operator wants no numbers, people come
by invite link and pick a name. Each device has its own random password, so that one can be revoked without the others;
all devices of an account share SCRAM salt and iterations, so the server can tell by the proof which device logs in.

- `rules`: pure decisions, each a verdict with its reason
- `scram`: keys from passwords
- `tables`, `store`: the only SQL
- `registration`: number → code → verify → device; change of number
- `devices`: list, rename, link, revoke; PIN; deletion
- `invites`: links that let somebody in
- `credentials`: what the engine asks at login (`core.ports.Credentials`)
- `discovery`: which of my contacts are here, asked so that the server does not learn my contacts
- `feature`: in-band registration (XEP-0077), off unless the operator wants it

What others must know leaves through the outbox, see `events`.
"""
