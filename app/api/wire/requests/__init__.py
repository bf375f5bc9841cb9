"""What is checked of every request, whichever its route."""
