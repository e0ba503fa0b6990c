"""What authors run: build, adopt, prove."""
