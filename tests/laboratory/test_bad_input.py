"""Each mistake in what a laboratory gives is one line with file, place and fix, and nothing is imported."""

import base64
import io
import json
import os
import zipfile
import zlib
from functools import cache

import foreign
import numpy as np
import pytest

import qsense
from qsense.cli import main
from qsense.errors import ContentError, QsenseError
from qsense.laboratory import designed, write_design
from qsense.laboratory.returned import read_design
from qsense.laboratory.sources import read_source

GHZ, PRODUCT = "ghz-3-custom-ghz_parity", "product-3-custom-product"


@cache
def design():
    return designed(foreign.spec())


@cache
def sheet():
    return foreign.counts_sheet(foreign.drawn(design()))


def refusal(path, content):
    """The one line with which a file is refused."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    out = path.parent / "out"
    with pytest.raises(QsenseError) as caught:
        qsense.import_counts(foreign.spec(), path, out)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 500
    assert not out.exists()
    return message.removeprefix(f"{path}: ")


def changed(row, line):
    lines = sheet().split("\n")
    lines[row - 1] = line
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("row", "line", "message"),
    [
        (3, f"{GHZ}.t0.r9,000,4", r"row 3, column circuit: 'ghz.*r9' is no circuit of this design; did you mean"),
        (3, "dicke-3.t0.r0,000,4", "row 3, column circuit: 'dicke-3.t0.r0' is no circuit .*; its ids are like"),
        (4, f"{GHZ}.t0.r0,00,4", "row 4, column bits: '00' has 2 letters, but .* 3 spins .*drop zeros"),
        (4, f"{GHZ}.t0.r0,0000,4", "row 4, column bits: '0000' has 4 letters, but .* 3 spins; write one letter"),
        (4, f"{GHZ}.t0.r0,012,4", "row 4, column bits: has '2', but a bit string has 0, 1, and [?]"),
        (4, f"{GHZ}.t0.r0,1E+02,4", "row 4, column bits: has '[+]', .*format the column as text"),
        (4, f"{GHZ}.t0.r0,,4", "row 4, column bits: is empty"),
        (4, f"{GHZ}.t0.r0,000,nan", "row 4, column count: must be a whole number .*'nan'"),
        (4, f"{GHZ}.t0.r0,000,=1+1", "row 4, column count: .*'=1[+]1'; it is a formula, whose value no CSV holds"),
        (4, "../../etc/passwd,000,4", "row 4, column circuit: '../../etc/passwd' is no circuit of this design"),
        (4, f"{GHZ}.t0.r0,000,-4", "row 4, column count: must be a whole number .*'-4'"),
        (4, f"{GHZ}.t0.r0,000,4.5", "row 4, column count: must be a whole number .*'4.5'"),
        (4, f"{GHZ}.t0.r0,000,1.000", "row 4, column count: must be a whole number .*'1.000'"),
        (4, f'{GHZ}.t0.r0,000,"4,0"', "row 4, column count: .*'4,0'; it has a decimal comma"),
        (4, f"{GHZ}.t0.r0,000,4,0", "row 4: has 4 cells, but row 1 names 3 columns .*decimal comma"),
        (4, f"{GHZ}.t0.r0,000,99999999999", "row 4, column count: must be a whole number"),
        (4, f"{GHZ}.t0.r0,000", "row 4: has 2 cells"),
        (1, "circuit;bits;count", "row 1: has semicolons between its columns"),
        (1, "circuit\tbits\tcount", "row 1: has tabs between its columns"),
        (1, "circuit,bits,number", "row 1: the columns must be circuit,bits,count.* 'number' is none"),
        (1, "circuit,bits,bits", "row 1: names the column 'bits' twice"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named(tmp_path, row, line, message):
    found = refusal(tmp_path / "counts.csv", changed(row, line))
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(found)


def test_a_string_that_is_there_twice_is_named(tmp_path):
    lines = sheet().split("\n")
    found = refusal(tmp_path / "counts.csv", "\n".join([*lines[:4], lines[2], *lines[4:]]))
    assert "row 5, column bits:" in found
    assert "is in row 3 already" in found


def test_circuits_or_shots_that_are_missing_are_named(tmp_path):
    lines = sheet().split("\n")
    gone = [line for line in lines if not line.startswith(f"{PRODUCT}.t1")]
    assert f"has no counts of 3 of 12 circuits ({PRODUCT}.t1.r0, " in refusal(tmp_path / "a.csv", "\n".join(gone))
    name, bits, number = lines[1].split(",")
    for change, hint in ((1, "if so many were taken"), (-1, "--lost drop")):
        line = f"{name},{bits},{int(number) + change}"
        found = refusal(tmp_path / "a.csv", "\n".join([lines[0], line, *lines[2:]]))
        assert f"{name} has {40 + change} shots, but 40 were planned" in found
        assert hint in found
    assert "is empty" in refusal(tmp_path / "a.csv", "")
    assert "has no counts of 12 of 12" in refusal(tmp_path / "a.csv", "circuit,bits,count\n")


def test_texts_in_other_encodings_are_named(tmp_path):
    assert "is in UTF-16; save it as CSV in UTF-8" in refusal(tmp_path / "a.csv", sheet().encode("utf-16"))
    assert "row 1: has NUL characters, as UTF-16 does" in refusal(tmp_path / "a.csv", sheet().encode("utf-16-le"))
    assert "row 2: is not in UTF-8" in refusal(tmp_path / "a.csv", sheet().replace("ghz", "gh\xe9").encode("latin-1"))


def test_arrays_that_do_not_fit_are_named(tmp_path):
    table = np.stack(list(foreign.drawn(design()).values()))
    many = table.astype(int)
    many[2, 5, 1] = 7
    for array, message in (
        (table[:-1], "has 11 circuits in the array"),
        (table[..., :2], "needs shots × 3 spins"),
        (many, r"`shots[2]` has 7 at [5, 1] (shot, spin)"),
        (table[0], "must have circuits × shots × spins"),
        (np.array(["a"]), "holds something other than arrays of numbers"),
        (np.array([{}], dtype=object), "holds something other than arrays of numbers"),
    ):
        assert message in refusal(tmp_path / "a.npy", foreign.npy(array))
    with pytest.raises(ContentError, match="the axis 'atoms of mine' is unknown"):
        qsense.import_counts(foreign.spec(), table, tmp_path / "out", axes=["circuit", "shot", "atoms of mine"])
    wrong = np.zeros((3, 2, 2, 40, 3), np.int8)
    with pytest.raises(ContentError, match="the axis of times of `shots` has 3, but the design 2"):
        qsense.import_counts(foreign.spec(), wrong, tmp_path / "out", axes=["time", "point", "row", "shot", "spin"])


def test_documents_that_do_not_fit_are_named(tmp_path):
    plain = foreign.histograms(foreign.drawn(design()))
    result = json.loads(foreign.result_json(foreign.drawn(design())))
    result["results"][0]["data"] = {"counts": {"0xff": 40}}
    first = next(iter(plain))
    for data, message in (
        ({**plain, "x": {"000": 1}}, "'x' is no circuit of this design"),
        ({**plain, first: {"000": 1.5}}, "the count must be a whole number from 0 to 10⁹, but is 1.5"),
        ({**plain, first: {"000": True}}, "the count must be a whole number"),
        ({**plain, first: {"": 40}}, "has an empty string"),
        ({**plain, first: [1]}, "must be {bits: count}, but is list"),
        (list(plain.values())[1:], "has 11 results, but the design has 12, or 18 with the known strings: give"),
        (result, "the outcome '0xff' is none of 3 spins"),
        ({"results": [{"data": {}}]}, "results[0]: has no counts"),
        ([{"measurements": [[0, 1]], "measuredQubits": [0, 1]}] * 12, "needs shots × 3"),
        ({"__type__": "PrimitiveResult", "__value__": {}}, "is no PrimitiveResult"),
        (3, "is no result that is known"),
    ):
        assert message in refusal(tmp_path / "a.json", json.dumps(data))
    assert "is no JSON" in refusal(tmp_path / "a.json", "[" * 100_000)


def test_what_is_there_twice_does_not_replace_what_was_there_before(tmp_path):
    plain = foreign.histograms(foreign.drawn(design()))
    first = next(iter(plain))
    text = json.dumps(plain)
    again = json.dumps(first) + ': {"000": 40}'
    assert f"has the key {first!r} twice; write each once" in refusal(tmp_path / "a.json", f"{text[:-1]}, {again}}}")
    own = json.dumps(plain[first])
    twice = text.replace(own, '{"000": 1, "000": 39}', 1)
    assert f"has the key '000' twice in {first!r}" in refusal(tmp_path / "a.json", twice)
    spelled = json.dumps({**plain, first: {"000": 1, "0 00": 39}})
    assert "'000' and '0 00' are the same" in refusal(tmp_path / "a.json", spelled)
    result = json.loads(foreign.result_json(foreign.drawn(design())))
    result["results"][0]["data"] = {"counts": {"0x1": 40, "0x01": 40}}
    assert "'0x01' is there twice" in refusal(tmp_path / "a.json", json.dumps(result))
    name, bits, number = sheet().splitlines()[1].split(",")
    found = refusal(tmp_path / "a.csv", changed(3, f"{name},'{bits[0]}_{bits[1:]},{number}"))
    assert "row 3, column bits:" in found
    assert "is in row 2 already" in found
    shots = foreign.shots_sheet(foreign.drawn(design())).replace(f"{first},1,", f"{first},00,", 1)
    assert "column shot: '00'" in refusal(tmp_path / "a.csv", shots)
    assert "twice" in refusal(tmp_path / "a.csv", sheet().replace("circuit,bits,count", "circuit,bits,Bits", 1))


def test_files_that_are_made_to_do_harm_are_refused(tmp_path):
    zeros = base64.standard_b64encode(zlib.compress(bytes(2**27), 1)).decode()
    array = {"__type__": "ndarray", "__value__": zeros}
    field = {"__type__": "BitArray", "__value__": {"array": array, "num_bits": 3}}
    pub = {"__value__": {"data": {"__value__": {"fields": {"c": field}}}}}
    bomb = json.dumps({"__type__": "PrimitiveResult", "__value__": {"pub_results": [pub]}})
    assert "unpacks to more than" in refusal(tmp_path / "a.json", bomb)
    with zipfile.ZipFile(tmp_path / "z", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("shots.npy", foreign.npy(np.zeros((12, 2**21, 3), np.int8)))
    assert "too large" in refusal(tmp_path / "a.npz", (tmp_path / "z").read_bytes())
    import pickle

    assert "is damaged" in refusal(tmp_path / "a.npy", pickle.dumps(np.zeros(3)))
    for ending in (".npz", ".mat", ".h5", ".nc"):
        if ending == ".h5":
            pytest.importorskip("h5py")
        assert "is damaged" in refusal(tmp_path / f"a{ending}", b"nothing of the kind" * 20)
    os.symlink("/etc/passwd", tmp_path / "passwd")
    assert "is of an unknown kind" in refusal(tmp_path / "a.pkl", b"")


def test_links_and_other_files_inside_of_hdf5_are_not_followed(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["shots"] = np.zeros((12, 40, 3), np.int8)
    for name, link in (("shots", h5py.ExternalLink(str(tmp_path / "other.h5"), "shots")), ("a", h5py.SoftLink("/b"))):
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            file[name] = link
        assert "is a link" in refusal(tmp_path / "a.h5", buffer.getvalue())
    huge = io.BytesIO()
    with h5py.File(huge, "w") as file:
        file.create_dataset("shots", (2**20, 2**10, 3), np.int8, chunks=(1, 1, 3))
    assert "too large" in refusal(tmp_path / "a.h5", huge.getvalue())


@pytest.fixture
def folder(tmp_path):
    return write_design(foreign.spec(), tmp_path / "d")


def edited(folder, row, column, value):
    lines = [line.split(",") for line in (folder / "settings.csv").read_text().splitlines()]
    lines[row - 1][lines[0].index(column)] = value
    (folder / "settings.csv").write_text("\n".join(map(",".join, lines)) + "\n")


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (3, "polar_rad_1", "90.0", "is 90.0, but the design has 1.57.*: it is the angle in degrees; write radians"),
        (3, "polar_deg_1", "1.5707963267948966", "it is the angle in radians; write degrees"),
        (6, "time_s", "1000", "is 1000, but the design has 1.0: it is the time in ms; write seconds"),
        (6, "time_s", "1e6", "it is the time in µs"),
        (6, "time_s", "nan", "is 'nan'; write a finite number"),
        (6, "time_s", "x", "is 'x', no number"),
        (6, "shots", "41", "is 41, but the design has 40; keep the sheet"),
        (6, "probe", "w", "is 'w', but the design has 'ghz'"),
    ],
)  # fmt: skip
def test_settings_that_are_not_those_of_the_design_are_named(folder, row, column, value, message):
    edited(folder, row, column, value)
    with pytest.raises(ContentError, match=rf"settings\.csv: row {row}, column {column}: .*{message}"):
        read_design(folder)


def test_mixed_designs_are_refused(folder, tmp_path):
    other = write_design(foreign.spec(seed=2, shots=50), tmp_path / "other")
    (folder / "spec.toml").write_bytes((other / "spec.toml").read_bytes())
    with pytest.raises(ContentError, match="two designs are mixed"):
        read_design(folder)
    (folder / "reading.toml").write_bytes((other / "reading.toml").read_bytes())
    with pytest.raises(ContentError, match=r"settings\.csv: row 2, column shots: is 40, but the design has 50"):
        read_design(folder)
    with pytest.raises(ContentError, match=r"has no spec\.toml; give a folder that `qsense design` made"):
        read_design(tmp_path)


def test_no_link_leads_out_of_a_folder(folder, tmp_path):
    for name in ("spec.toml", "reading.toml", "settings.csv", "counts.csv"):
        content = (folder / name).read_bytes()
        (tmp_path / name).write_bytes(content)
        (folder / name).unlink()
        os.symlink(tmp_path / name, folder / name)
        with pytest.raises(ContentError, match=f"{name} is a link, which is not followed"):
            qsense.import_counts(folder, None, tmp_path / "out")
        (folder / name).unlink()
        (folder / name).write_bytes(content)
    assert not (tmp_path / "out").exists()


def test_the_command_names_its_options(folder, tmp_path, monkeypatch, capsys):
    def answer(*words):
        monkeypatch.setattr("sys.argv", ["qsense", "import", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, capsys.readouterr().err

    assert answer(folder) == (
        2,
        f"qsense: {folder}/counts.csv: has no counts; fill it: a row circuit,bits,count for each string.\n",
    )
    for words, message in (
        ([tmp_path / "no"], "no such file or folder"),
        ([folder / "counts.csv"], "Option --design is missing"),
        ([folder, "--design", folder], "Option --design goes with a file of counts"),
        ([folder, "--one", "bright"], "key `one` should be 'up' or 'down', but is 'bright'"),
        ([folder, "--spins", "a"], "Option --spins must be whole numbers"),
    ):
        status, text = answer(*words)
        assert status == 2
        assert message in text


def test_a_source_of_a_spec_may_have_known_strings(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("circuit,bits,count\nknown.n3.k1,111,20\n")
    assert list(read_source(path, designed(foreign.spec(), 1)).by_id) == ["known.n3.k1"]
