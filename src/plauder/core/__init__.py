"""What every feature stands on: session, router, inbox, delivery, bus, directory, and the hooks they meet in."""
