"""What crosses the wire on each side of the gateway: recorded by taps, then held against the official JSON Schemas."""
