"""Nobody is looking (XEP-0352): what an inactive client need not know at once is held back.

Presence is held back to its latest state, typing notices and published events wait; whatever a person would want to be
woken for, and every request, goes out at once and takes what was held back along.
"""
