"""Private XML storage (XEP-0049): what older clients keep for themselves on the server, by element name.

Newer ones use nodes (XEP-0223), which `pubsub` serves. Bookmarks are the same either way (XEP-0402 §6).
"""
