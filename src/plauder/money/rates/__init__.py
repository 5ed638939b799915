"""What a message costs, and why.

A rate card is a list of effective-dated rules. One pure function, `RateCard.quote`, prices a message before it is sent,
simulates a campaign, and bills it afterwards; its answer carries the explanation. Cards are data: they are imported and
exported as CSV, and the one that ships (`example_card.csv`) carries public figures, marked with where they come from.
"""
