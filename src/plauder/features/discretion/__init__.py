"""What an account shows of itself, and to whom: online, last seen, groups.

Each account's wishes are an item it publishes at its own node `urn:plauder:privacy:0` (XEP-0163), which nobody else can
read; so its devices keep them in step, and any client that publishes can set them:

    <privacy xmlns="urn:plauder:privacy:0" online="nobody" last-seen="contacts" groups="everyone"/>

What is missing or not understood means the default. Apps may keep more wishes there that are theirs alone to carry out:
ours notes `avatar` and `about` (audiences), `receipts` and `typing` (true, false) and `timer` (seconds).

Presence, last activity and groups ask here before they tell or do anything. Names and pictures need none of this: the
nodes they are published at have access models of their own.
"""
