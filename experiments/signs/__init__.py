"""The SIGNS photographs: found, downloaded, read, checked, audited; or drawn as a stand-in."""

from experiments.signs.dataset import SignsData, load_signs
from experiments.signs.photos import DataError

__all__ = ["DataError", "SignsData", "load_signs"]
