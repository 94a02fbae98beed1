"""The codes of `pruner drift`: stable names, what each is about, and why it matters."""

from pruner.codes import Code

DRIFT = {
    "PRN500": Code(
        "no lock to compare with",
        "error",
        "Without a proven lock there is nothing that the code could have drifted from.",
        "`pruner lock --image NAME` makes one",
    ),
    "PRN501": Code(
        "an import that the lock has not",
        "error",
        "It fails in the image that is built from the lock.",
        "lock the image anew, or take the import out",
    ),
    "PRN502": Code(
        "an import that copes without the lock having it",
        "warning",
        "Nothing breaks, and the code takes its other way in the image.",
        "lock the image anew: it then knows of the import",
    ),
    "PRN503": Code(
        "an agent without a lock",
        "error",
        "The lock was made without it, so nobody knows what it needs.",
        "lock the image anew",
    ),
    "PRN504": Code(
        "a process that is no agent",
        "warning",
        "What is started and never watched is not in the lock.",
        "add it to the agents of the image in pruner.toml, and lock the image anew",
    ),
    "PRN505": Code(
        "an agent that is gone",
        "note",
        "What only it needed may go.",
        "lock the image anew",
    ),
    "PRN506": Code(
        "a function that needs what was left out",
        "error",
        "The lock has it not, since nothing named that function: it fails where it is called.",
        "lock the image anew, or take the name out",
    ),
    "PRN510": Code(
        "a requirement that the lock has not",
        "warning",
        "It is not in the image that is built from the lock.",
        "lock the image anew, or take the requirement out",
    ),
    "PRN511": Code(
        "a requirement was removed that is still used",
        "error",
        "The next lock is made without it, and the original breaks with its next build.",
        "put the requirement back, or take out the code that uses it",
    ),
    "PRN512": Code(
        "a requirement that the lock does not meet",
        "warning",
        "The lock has another version than the requirement asks for.",
        "lock the image anew",
    ),
    "PRN513": Code(
        "the configuration asks for something else",
        "warning",
        "The lock was made under other settings.",
        "lock the image anew",
    ),
    "PRN514": Code(
        "cannot be read",
        "error",
        "What pruner cannot read it cannot compare, and no builder would take it either.",
        "correct the line that is named",
    ),
    "PRN520": Code(
        "a lock that was changed by hand",
        "error",
        "What is installed from it is not what was proven.",
        "undo the change, or write the version into the requirements and lock the image anew",
    ),
    "PRN521": Code(
        "a hash that was changed",
        "error",
        "The lock would install a file that nobody has run, or none at all.",
        "undo the change; where nobody knows of it, ask where it comes from",
    ),
    "PRN530": Code(
        "another base image",
        "warning",
        "The lock was proven on another one.",
        "lock the image anew",
    ),
    "PRN531": Code(
        "another Python",
        "error",
        "The pins are for the version of Python that they were proven with.",
        "lock the image anew",
    ),
    "PRN540": Code(
        "a conflict that is not settled",
        "error",
        "Distributions stand in each other's way, and nothing says which is meant.",
        "say `use` in pruner.toml, and lock the image anew",
    ),
    "PRN541": Code(
        "a conflict that is new",
        "warning",
        "Distributions that could live together no longer do.",
        "look at it, and lock the image anew",
    ),
    "PRN542": Code(
        "a conflict that is gone",
        "note",
        "The lock settles what no longer has to be settled.",
        "nothing; the next lock is made without it",
    ),
    "PRN550": Code(
        "missed in production",
        "error",
        "The guard of a running image wrote that something which was left out was looked for.",
        "exercise that code, or add the distribution to `keep`, and lock the image anew",
    ),
    "PRN560": Code(
        "over its budget",
        "warning",
        "The image is larger than pruner.toml allows.",
        "see what costs most: `pruner audit`; or raise `budget`",
    ),
    "PRN570": Code(
        "needed now, and not in the lock",
        "error",
        "The runs of today use what was left out.",
        "lock the image anew",
    ),
    "PRN571": Code(
        "no longer needed",
        "warning",
        "The lock keeps what neither the runs nor the code of today need.",
        "lock the image anew",
    ),
    "PRN572": Code(
        "evidence that got weaker",
        "note",
        "It stays in the lock, for a weaker reason than before.",
        "look whether the exercises still reach what uses it",
    ),
    "PRN573": Code(
        "another version is installed",
        "warning",
        "The requirements bring another version than the one that was proven.",
        "lock the image anew, or pin the version in the requirements",
    ),
    "PRN574": Code(
        "installed and not needed",
        "warning",
        "It is new in the original, and nothing needs it.",
        "take its requirement out, or install from the lock",
    ),
    "PRN575": Code(
        "not needed for many nights",
        "note",
        "No run of these nights used it, so it stays for what the code says alone.",
        "exercise what uses it, or take that code out",
    ),
    "PRN576": Code(
        "the proof fails",
        "error",
        "With the code of today, agents fare differently in the environment of a lock.",
        "`pruner lock --image NAME` shows what puts it right",
    ),
    "PRN577": Code(
        "the next lock has another size",
        "note",
        "It is what a lock of today would take.",
        "nothing",
    ),
    "PRN580": Code(
        "a release that was withdrawn",
        "warning",
        "Its index has yanked the pin: it still installs, and its author says not to use it.",
        "write a newer version into the requirements, and lock the image anew",
    ),
    "PRN581": Code(
        "a newer release",
        "note",
        "The index has a newer release that the requirements allow.",
        "write it into the requirements, and lock the image anew",
    ),
}
"""Codes are never given a new meaning."""
