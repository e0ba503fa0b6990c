"""Who is who on the link: both kinds of network use the same addresses.

It knows no network.
"""

PEER_ADDRESS = "10.9.0.1"
PEER_ADDRESS6 = "fd00:9::1"
PEER_MAC = "02:00:00:00:00:01"
LEARNER_ADDRESS = "10.9.0.2"
LEARNER_ADDRESS6 = "fd00:9::2"
LEARNER_MAC = "02:00:00:00:00:02"
PREFIX_LENGTH = 24
PREFIX_LENGTH6 = 64
