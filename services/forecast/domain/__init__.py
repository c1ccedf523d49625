"""Demand arithmetic: history, censoring, hierarchy, scores and choice; numpy in, numpy out, no I/O."""
