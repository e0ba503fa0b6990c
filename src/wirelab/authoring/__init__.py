"""What authors run: build, adopt, prove. `lessons/` is the truth, the rest is made from it."""
