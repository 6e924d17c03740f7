"""Every SDK's client in every mode against every SDK's server in every mode, through the gateway."""
