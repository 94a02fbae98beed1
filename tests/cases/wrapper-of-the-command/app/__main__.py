import tabulate

print(tabulate.tabulate([[1]]))
