"""Cases: referrals that belong together, their parties, views and consents."""
