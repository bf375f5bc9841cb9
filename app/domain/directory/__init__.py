"""The directory: agencies, their kinds and the areas they are responsible for."""
