"""What learners' code talks to, and what runs learners' servers: loopback only."""

from wirelab.servers.running import running

__all__ = ["running"]
