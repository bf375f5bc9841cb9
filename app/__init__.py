"""Tsunagu carries referrals between the agencies around Japan's settlement support centers."""
