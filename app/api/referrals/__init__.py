"""Routes of referrals and messages: sending, reading, printing."""
