"""The words: what every room of the house means by price, order, position, decision."""
