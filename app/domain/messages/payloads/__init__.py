"""Fields that several message types share, each of one data class."""
