"""What several residents share: the pure core over the legs of `fx.legs.v1`.

A foreign party, its account, a device, a contact or a group of goods is a node. A node is kept in the form of a party
(detectors/books/party.py), with the residents in the place of the counterparties, so that payments count once, are
taken back, said anew and converted anew by the same code as in the monitor.
"""
