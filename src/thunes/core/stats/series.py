"""What returns must be before a figure is computed from them: finite, many enough, not all equal.

Figures of one series (`sharpe`, `track_record`) are None where they cannot be measured. Figures of
a search rest on every number of every trial, so that one bad number is an error that names it.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class BadSeries(ValueError):
    """Numbers from which a figure cannot be computed; the message says which, where and why."""


def checked_series(values: ArrayLike, rows_min: int) -> Floats:
    """`values` as float64, one-dimensional, finite, at least `rows_min` long; BadSeries if not."""
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1:
        raise BadSeries(f"returns of one series have one dimension, these have {series.ndim}")
    return checked_matrix(series[:, np.newaxis], rows_min)[:, 0]


def checked_matrix(values: ArrayLike, rows_min: int, columns_min: int = 1) -> Floats:
    """`values` as float64, rows (periods, oldest first) x columns (trials), all finite.

    BadSeries names the first bad row and column, or says how many rows or columns are missing.
    """
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2:
        raise BadSeries(
            f"returns of trials are rows x columns, these have {matrix.ndim} dimensions"
        )
    rows, columns = matrix.shape
    if rows < rows_min:
        raise BadSeries(
            f"{rows} rows of returns, {rows_min - rows} fewer than the {rows_min} needed"
        )
    if columns < columns_min:
        raise BadSeries(
            f"{columns} trials, {columns_min - columns} fewer than the {columns_min} needed"
        )
    # A sum is finite only if every term is: one fast pass instead of a mask as large as the data.
    with np.errstate(over="ignore", invalid="ignore"):
        suspect = not np.isfinite(matrix.sum())
    if suspect and not np.isfinite(matrix).all():
        row, column = (int(place) for place in np.argwhere(~np.isfinite(matrix))[0])
        raise BadSeries(f"row {row} of column {column} is {matrix[row, column]}: not a return")
    return matrix


def idle_columns(matrix: Floats) -> NDArray[np.bool_]:
    """Which columns are zero throughout: trials that never traded.

    BadSeries for a column that is constant but not zero: no market gives the same return each time.
    """
    # Most columns vary between three of their rows: only the others are looked at in full.
    alike = (matrix[0] == matrix[-1]) & (matrix[0] == matrix[matrix.shape[0] // 2])
    for column in np.flatnonzero(alike):
        alike[column] = (matrix[:, column] == matrix[0, column]).all()
        if alike[column] and matrix[0, column] != 0.0:
            value = matrix[0, column]
            raise BadSeries(f"column {column} is {value:g} in every row: it has no variance")
    return np.asarray(alike)
