"""Personal eventing: what an account publishes about itself (XEP-0163 on XEP-0060).

Every account is a pubsub service at its bare JID. Device lists and key bundles (OMEMO), avatars, nicknames, bookmarks
(XEP-0402), read positions (XEP-0490) and private settings (XEP-0223) all are items on such nodes, so this is the part
that encryption stands on: a contract that is kept only in part fails silently in the clients.

What is promised:

- items persist, several per node, ids honoured and replaced in place, `max_items` may be `max`;
- publish-options are preconditions; a node that is not there is made with them (auto-create);
- the owner configures, purges and deletes; others read as the access model says: open, presence, roster, whitelist,
  authorize; whom the owner blocks learns nothing;
- notifications go to the own and the contacts' devices that asked for them by `+notify` in their capabilities, and to
  explicit subscribers; the last item comes with presence;
- key bundles can be fetched at a limited rate per requester, so that nobody drains another's prekeys;
- nodes, items and bytes of an account are bounded.

`config` is what a node is like, `rules` decides who may do what, `requests` reads the stanzas, `store` keeps, `service`
acts, `events` tells the subscribers, `feature` registers.
"""
