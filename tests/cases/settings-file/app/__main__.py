import sys
from pathlib import Path

import yaml


def late():
    import logging.config

    from sqlalchemy import create_engine

    settings = yaml.safe_load(Path("app/settings.yaml").read_text())
    logging.config.dictConfig(settings["logging"])
    return create_engine(settings["database"]).driver


print(late() if "late" in sys.argv else "ready")
