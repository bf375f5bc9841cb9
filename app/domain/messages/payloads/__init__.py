"""What messages say: fields that several message types share, each field of one data class."""
