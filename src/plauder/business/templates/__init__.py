"""Message templates: create, edit, moderate, pause, delete, and a small library.

`rules` checks a definition and moderates it automatically; an operator may overrule either way. `quality` is what
people's blocks and reads say of a template, and what follows: RED pauses it for 3 hours, then 6, then for good.
"""
