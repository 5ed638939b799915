"""How many strangers one may write to in a day: few on the first day, more with each day of age.

Whoever is in the other's roster, or has been written to by them, is no stranger. Spam comes from young accounts that
write to many who never answer; people rarely meet ten new ones a day. Nothing of this is written down: who wrote to
whom is remembered in memory, for as long as it matters, and forgotten with the process.
"""
