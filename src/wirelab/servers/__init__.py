"""What learners talk to on loopback."""
