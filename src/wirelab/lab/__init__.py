"""Networks the learner's code lives on: embedded everywhere, kernel on Linux."""

from wirelab.lab.faults import Faults, first
from wirelab.lab.network import Network, NetworkUnavailable
from wirelab.lab.pcap import PcapWriter
from wirelab.lab.trace import Record
from wirelab.lab.tracer import Tracer

__all__ = ["Faults", "Network", "NetworkUnavailable", "PcapWriter", "Record", "Tracer", "first"]
