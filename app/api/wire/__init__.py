"""What all routes stand on: the gate, bodies, responses, paging, problems, languages."""
