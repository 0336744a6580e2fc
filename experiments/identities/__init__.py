"""What holds between convolutions: equalities of sources C and E, checked in exact integers."""

from experiments.identities.cases import CASES, Case, Operands, draw, random_cases
from experiments.identities.check import check
from experiments.identities.equalities import EQUALITIES, Equality
from experiments.identities.matrices import matrix_row
from experiments.identities.readings import readings
from experiments.identities.softmax import softmax_rows
from experiments.identities.twins import TWINS, Twin

__all__ = [
    "CASES",
    "EQUALITIES",
    "TWINS",
    "Case",
    "Equality",
    "Operands",
    "Twin",
    "check",
    "draw",
    "matrix_row",
    "random_cases",
    "readings",
    "softmax_rows",
]
