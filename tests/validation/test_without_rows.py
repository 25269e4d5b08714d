"""Which bytes of a text are one record, and what is told when records are not the rows that were read."""

from pathlib import Path

import numpy as np
import pytest

from everfit.errors import DataError
from everfit.validation.formats import Part
from everfit.validation.stream import rows
from everfit.validation.without_rows import records, write_without


@pytest.mark.parametrize(
    "text",
    [
        b"a\n1\n\n2",
        b'a,b\r1,"x\r\ry"\r2,',
        b'a,b\n1,5" pipe\n"2","6"" pipe, ""short"""\n',
        b'a,b\n"",""\n,\n',
        b'\xef\xbb\xbfa\n"\n"\n',
    ],
)
def test_there_are_as_many_records_as_arrow_reads_rows(tmp_path: Path, text: bytes):
    (path := tmp_path / "x.csv").write_bytes(text)
    part = Part("x.csv", path)

    header, found = records(part)

    assert len(found) == rows([part]) == 2 - (text[:1] == b"\xef")
    assert header + b"".join(found) == text.replace(b"\n\n", b"\n")


def test_other_records_than_rows_are_told(tmp_path: Path):
    (path := tmp_path / "x.csv").write_bytes(b"a\n1\n2\n")

    with pytest.raises(DataError, match=r"x\.csv: 3 rows were read, but 2 records found"):
        write_without(Part("x.csv", path), np.zeros(3, bool), tmp_path / "out" / "x.csv")
