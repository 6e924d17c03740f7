"""The official example messages of 2026-07-28, sent through every bridge: client and server of either era, scripted on both ends."""
