"""Weekly demand of every segment at every rooftop, with the uncertainty that ordering needs."""
