"""Business portfolios, their people, apps, WhatsApp Business Accounts (WABAs) and tokens.

A portfolio owns apps and WABAs; people (accounts of the messenger) are members with a role. Programs come with tokens:

- a *system user* token: permanent or for 60 days, with permissions, made in the console or by a code exchange;
- a *user* token: the same, short-lived, for a person at the console;
- an *app* token: the literal `{app_id}|{app_secret}` or one from `/oauth/access_token`.

Tokens are kept as a hash, compared in constant time. App secrets must be readable (they sign webhooks), so they are
sealed with the operator's key.
"""
