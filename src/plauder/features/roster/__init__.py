"""The contact list and who may see whose presence: RFC 6121 §2, §3 and appendix A.

- The roster is fetched, changed and pushed to every device that asked for it, with versions (§2.6): a client that was
  away gets what changed, or nothing.
- Subscriptions follow the state tables of appendix A, which stand in `states` row by row; requests wait until they are
  answered, and approvals can be given in advance (§3.4).
- Both rosters change in one transaction when both accounts are ours.
- Other features see the result as `Relations` (`core.people`), cached per account.

`states` is the tables, `rules` reads and checks requests, `store` keeps, `service` acts, `feature` registers.
"""
