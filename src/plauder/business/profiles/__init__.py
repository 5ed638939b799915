"""What people see of a business number: profile, commerce settings, conversational automation."""
