import sys


def text(kind):
    import networkx as nx

    make = getattr(nx.nx_pydot, "to_" + kind)
    return make(nx.Graph([(1, 2)])).to_string()


print(text("pydot") if "late" in sys.argv else "ready")
