import sys


def text():
    import networkx as nx

    return nx.nx_pydot.to_pydot(nx.Graph([(1, 2)])).to_string()


print(text() if "late" in sys.argv else "ready")
