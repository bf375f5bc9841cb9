"""弁護人・弁護士会からの依頼 (requests from counsel and bar associations)."""
