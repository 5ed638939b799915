"""The clerk: a second process that writes down what became of business messages, charges them and delivers webhooks.

One interpreter has one core. Accepting, sealing and carrying messages stay with the server; whatever comes after goes
over a socket pair to the clerk, which the server starts, watches and starts again (`keeper`). The clerk opens the same
database (`process`). It holds nothing that is not in the database or still with the server, so it may die at any time:
the server tells its successor again what was not answered. Without a server it ends.

`docs/decisions/clerk.md` says why this cut and no other.
"""
