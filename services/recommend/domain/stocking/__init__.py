"""How many to have of what: positions against targets, and one program for all purchases and transfers of a group."""
