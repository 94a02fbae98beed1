import sys


def path():
    import networkx as nx

    graph = nx.Graph([(1, 2), (2, 3)])
    return nx.shortest_path(graph, 1, 3)


print(path() if "late" in sys.argv else "ready")
