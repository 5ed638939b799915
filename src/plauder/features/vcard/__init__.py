"""Cards and pictures of people for older clients: vcard-temp (XEP-0054) and its hash in presence (XEP-0153).

Newer clients publish pictures as items (XEP-0084); both are one picture here (XEP-0398): setting either changes the
other, and presence announces it for clients that know only the hash. The picture itself is kept once, as the published
item.
"""
