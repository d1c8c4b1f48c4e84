"""/inbox: the accepted messages as their recipients see them, for people to read and for scripts to ask.

It is a viewer for loopback: it shows addresses, asks for no password, and reads only what the simulator accepted.
"""
