"""Who owes what: charges on delivery, limits, invoices.

`Charges.reserve` prices a message by the rate card and sets the amount aside when the message is accepted;
`settle` posts it to the ledger when the message is delivered; `release` gives it back when it is not. The price is the
one shown before sending. `Invoices` turns a month of charges into a numbered document, with tax, and never changes one:
what was wrong is put right by a credit note.
"""
