"""The story that `tsunagu demo` plays: three referrals, from the first notice to the end."""
