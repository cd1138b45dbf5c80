"""Where we are, and the talk there: accounts, credentials, networks."""
