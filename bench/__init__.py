"""What the service costs, measured on the machine that it is started on: `make bench`."""
