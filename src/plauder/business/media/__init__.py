"""Media of business chats: uploads, links that were fetched, what people sent, resumable uploads.

Bytes live in the blob store, facts in a table. Download URLs carry a short-lived signature, so that clients which
send no token there work too; people's apps get a longer-lived one inside the (encrypted) message.
"""
