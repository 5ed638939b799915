"""The OMEMO device that a hosted business number is.

Encryption of business chats ends here, as it does at the Cloud API's host, and the person's app says so. Both versions
are spoken (`eu.siacs.conversations.axolotl` and `urn:xmpp:omemo:2` with XEP-0420), one identity for both, the best one
each device of a person knows. `service.Encryption` is what others use; it seals and opens many messages in one unit of
work, so that ratchets move in the transaction that keeps the messages.

A number has nobody who compares fingerprints: keys are pinned when first seen, and a changed one is taken with a note.
Everything secret is sealed with the operator's key before it reaches the database.

Why an own core and not a library: docs/decisions/hosted-device-crypto.md.
"""
