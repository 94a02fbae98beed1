from importlib.metadata import PackageNotFoundError, distributions, packages_distributions, version

print([(dist.name, dist.version) for dist in distributions()], packages_distributions())
for name in ("tabulate", "humanize"):
    try:
        print(name, version(name))
    except PackageNotFoundError:
        print(name, "is not there")
print(__import__("tabulate").tabulate([[1]]))
