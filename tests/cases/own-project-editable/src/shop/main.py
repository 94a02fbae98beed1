import idna


def main():
    print(idna.encode("x.example"))
