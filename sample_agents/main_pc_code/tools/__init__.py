"""Tools that people run by hand, in no agent's image on purpose."""
