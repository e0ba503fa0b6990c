"""Sans-IO machines and message types; they know neither sockets nor clocks."""
