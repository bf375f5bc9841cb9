"""`python -m app.cli`, for where the `tsunagu` script is not installed."""

from app.cli import main

main()
