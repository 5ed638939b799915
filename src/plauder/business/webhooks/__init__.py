"""Webhooks: who wants to hear what, and a durable delivery per endpoint.

An update is published in the transaction that made it true; here it becomes one delivery for each subscribed app, at
the phone number's own callback, else the WABA's, else the app's. `edge.webhooks` carries deliveries out: signed,
retried with back-off until the operator's time is over, in order per conversation, and then dead until replayed.

A delivery that keeps failing holds its conversation back for the first attempts only: one body that a receiver cannot
digest must not silence a customer for days.
"""
