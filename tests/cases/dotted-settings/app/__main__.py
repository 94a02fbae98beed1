import logging.config
import sys

SETTINGS = {
    "version": 1,
    "formatters": {"json": {"()": "pythonjsonlogger.jsonlogger.JsonFormatter"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {"idna.core": {"handlers": ["out"]}},
}
logging.getLogger("tabulate.version").setLevel("ERROR")
if "late" in sys.argv:
    logging.config.dictConfig(SETTINGS)
    logging.getLogger("idna.core").error("late")
print("ready")
