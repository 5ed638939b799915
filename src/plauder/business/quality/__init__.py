"""Quality of numbers and templates, and the messaging limit that grows with it.

Signals are what people do (block, report) and what becomes of messages (delivered, read). `rules` makes scores of them;
`commands.assess` applies the scores, with the webhooks that tell of them: a RED template pauses, a portfolio that
reaches many people with good quality rises to the next limit.
"""
