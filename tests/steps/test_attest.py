"""The evidence for a promotion is signed; one byte that is another, anywhere, and it does not hold any more."""

from __future__ import annotations

import json
import random
import shutil
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.errors import Corrupted, LedgerError, SpecError
from everfit.ledger.entries import BytesDeleted, CandidateJudged, EvidenceSigned, Promoted
from everfit.registry import MlflowRegistry
from everfit.steps.attest import attest, bundle_key
from everfit.steps.judge import judged_before
from everfit.steps.override import override
from everfit.steps.register import register
from everfit.steps.signing import as_pem, public_key, read_public_key, sign, signer, unsign
from everfit.steps.verify import Proof, verify
from everfit.stores import LocalStore
from everfit.stores.dvc import DvcStore
from everfit.values import FileHash
from tests.services import Service, mlflow_server
from tests.steps.judging import GATES, House, build
from tests.steps.mortal import Crash, mortal


@pytest.fixture(scope="module")
def own_mlflow(tmp_path_factory):
    """A server of its own: its artifacts are to be changed."""
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as service:
        yield service


@pytest.fixture(scope="module")
def registered(tmp_path_factory, own_mlflow) -> House:
    """A house whose first candidate has passed and is version 1."""
    house = build(tmp_path_factory.mktemp("registered"), own_mlflow.url)
    house.accept(1, 2, 3)
    house.trained("first").register()
    return house


@pytest.fixture(scope="module")
def promoted(registered, tmp_path_factory) -> House:
    house = copy(registered, tmp_path_factory.mktemp("promoted"))
    house.crown(1)
    attest(house.ports, house.spec)
    return house


@pytest.fixture
def house(registered, tmp_path) -> House:
    return copy(registered, tmp_path)


def copy(house: House, root: Path) -> House:
    """The same house with a store of its own."""
    shutil.copytree(house.root / "store", root / "store")
    data = DvcStore(f"{root}/store/dvc", root / "dvc")
    ports = replace(house.ports, store=LocalStore(root / "store"), data=data, work=root / "work")
    return House(root, ports, house.spec)


def fresh(house: House, mlflow: Service, root: Path) -> House:
    """The same store and registry, seen by a machine that has copied nothing yet."""
    store = LocalStore(house.root / "store")
    registry, data = MlflowRegistry(mlflow.url, root / "mlflow"), DvcStore(f"{house.root}/store/dvc", root / "dvc")
    return House(house.root, replace(house.ports, store=store, registry=registry, data=data, work=root), house.spec)


def checked(house: House, mlflow: Service, root: Path, **how: object) -> dict[str, Proof]:
    one = fresh(house, mlflow, root)
    return {proof.what: proof for proof in verify(one.ports, one.spec.name, 1, lambda _: None, **how)}  # type: ignore[arg-type]


def wrong(proofs: dict[str, Proof]) -> list[str]:
    return [what for what, proof in proofs.items() if proof.holds is not True]


def test_all_that_was_signed_holds(promoted, own_mlflow, tmp_path):
    proofs = checked(promoted, own_mlflow, tmp_path)
    assert wrong(proofs) == []
    months = [f"batch 2013-{month:02}" for month in (1, 2, 3)]
    assert list(proofs) == ["ledger", "signature", "approval", "model", "evidence", "verdicts", *months]
    assert proofs["verdicts"].words == "4 gates, judged again from the evidence, say the same"


def test_the_bundle_is_a_statement_in_an_envelope_in_store_and_run_and_in_the_ledger(promoted, tmp_path):
    (entry,) = promoted.ledger.view().of(EvidenceSigned)
    (decision,) = promoted.ledger.view().of(Promoted)
    key = bundle_key(promoted.spec.name, 1, decision.seq)
    data = promoted.ports.store.read(key)
    assert (entry.body.bundle.key, entry.body.promoted, entry.key) == (key, decision.seq, f"signed:{decision.seq}")
    said = json.loads(unsign(data, public_key(promoted.ports.store, entry.body.key), key))
    assert (said["_type"], json.loads(data)["payloadType"]) == (
        "https://in-toto.io/Statement/v1",
        "application/vnd.in-toto+json",
    )
    about = said["predicate"]
    assert about["ledger"] == {"entries": decision.seq, "head": decision.sha256}
    assert [one["use"] for one in about["data"]] == ["learnt from", "learnt from", "judged on"]
    assert about["training"]["seed"] == promoted.spec.train.seed
    assert about["environment"]["packages"]["xgboost"]
    assert [v["outcome"] for v in about["judged"]["said"]["verdicts"]] == ["passed"] * 4
    names = [one["name"] for one in said["subject"]]
    assert {"model.ubj", "features.py", "everfit.json"} <= set(names)
    mlflow_run = promoted.ledger.view().versions[1].mlflow_run
    assert promoted.ports.registry.run_file(mlflow_run, "promotion/bundle.json") == data


def test_signed_once_also_after_a_crash(house, own_mlflow, tmp_path):
    assert attest(house.ports, house.spec) == ()
    house.crown(1)
    for moment in range(8):
        chances = iter(range(100))
        dying = mortal(
            house.ports,
            lambda *_, at=moment, chances=chances: next(chances) == at,
            store=("create", "put_file"),
            registry=("run",),
        )
        try:
            attest(dying, house.spec)
        except Crash:
            continue
    attest(house.ports, house.spec)
    assert len(house.ledger.view().of(EvidenceSigned)) == 1
    assert attest(house.ports, house.spec) == ()
    assert wrong(checked(house, own_mlflow, tmp_path / "fresh")) == []


@pytest.fixture(scope="module")
def envelope(promoted):
    (entry,) = promoted.ledger.view().of(EvidenceSigned)
    store = promoted.ports.store
    return store.read(entry.body.bundle.key), public_key(store, entry.body.key)


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_any_byte_of_the_bundle_that_is_another_breaks_the_signature_alone(envelope, data):
    """Without the ledger, that is: base64 has bits that nobody reads, JSON has spaces and orders."""
    whole, key = envelope
    place, flip = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 255))
    other = bytearray(whole)
    other[place] ^= flip
    with pytest.raises(Corrupted, match="bundle"):
        unsign(bytes(other), key, "bundle")
    with pytest.raises(Corrupted, match="bundle"):
        unsign(whole[:place], key, "bundle")


def test_the_bits_that_base64_does_not_read_and_another_spelling_are_found(envelope):
    whole, key = envelope
    said = json.loads(whole)
    signature = said["signatures"][0]["sig"]
    assert signature.endswith("==")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet[alphabet.index(signature[-3]) ^ 1]
    said["signatures"][0]["sig"] = f"{signature[:-3]}{last}=="
    for other in (json.dumps(said, sort_keys=True, separators=(",", ":")).encode(), b" " + whole, whole + b"\n"):
        with pytest.raises(Corrupted, match="not spelt as it was"):
            unsign(other, key, "bundle")


def files_of(house: House, mlflow: Service) -> list[tuple[Path, str]]:
    """Every file that the evidence rests on, and what verification says if one byte of it is another."""
    store, view = house.root / "store", house.ledger.view()
    judged, receipt = view.of(CandidateJudged)[0].body, view.of(EvidenceSigned)[0].body
    artifacts = [p for p in (mlflow.log.parent / "artifacts").rglob("*") if p.is_file()]
    named = {file.name: file for file in view.versions[1].files}
    model = [p for p in artifacts if FileHash.of(p) == named.get(p.name)]
    data = [p for p in (store / "dvc").rglob("*") if p.is_file()]
    return [
        *((path, "model") for path in model),
        *((path, "batch") for path in data),
        (store / judged.evidence.key, "evidence"),
        (store / judged.sample.key, "evidence"),
        (store / receipt.bundle.key, "signature"),
        (store / "keys" / f"{receipt.key}.json", "signature"),
        *((path, "ledger") for path in sorted((store / "ledger" / house.spec.name).glob("*.json"))),
    ]


def test_any_byte_of_any_file_that_is_another_is_found_and_named(promoted, own_mlflow, tmp_path):
    chance = random.Random(7)
    files = files_of(promoted, own_mlflow)
    assert {what for _, what in files} == {"model", "batch", "evidence", "signature", "ledger"}
    for number, (path, what) in enumerate(files):
        whole = path.read_bytes()
        other = bytearray(whole)
        other[chance.randrange(len(other))] ^= chance.randrange(1, 256)
        path.chmod(0o644)
        path.write_bytes(other)
        try:
            found = wrong(checked(promoted, own_mlflow, tmp_path / str(number)))
        finally:
            path.write_bytes(whole)
            shutil.rmtree(tmp_path / str(number), ignore_errors=True)
        assert any(one.startswith(what) for one in found), f"{path.name}: {found}"
    assert wrong(checked(promoted, own_mlflow, tmp_path / "last")) == []


def test_who_rewrites_store_and_ledger_cannot_sign_with_the_key_that_was_kept_apart(promoted, own_mlflow, tmp_path):
    """The store's own key shows that bytes have changed; who wrote them shows only a key that others keep."""
    (entry,) = promoted.ledger.view().of(EvidenceSigned)
    key = public_key(promoted.ports.store, entry.body.key)
    (tmp_path / "apart.pem").write_text(as_pem(key))
    trusted = read_public_key(tmp_path / "apart.pem")
    assert trusted.keyid == entry.body.key
    proofs = checked(promoted, own_mlflow, tmp_path / "one", trusted=trusted)
    assert "the key that you trust" in proofs["signature"].words
    stranger = signer(replace(promoted.ports, work=tmp_path / "elsewhere")).public_key
    assert wrong(checked(promoted, own_mlflow, tmp_path / "two", trusted=stranger)) == ["signature"]


def test_a_new_key_signs_what_comes_and_the_old_one_still_proves_what_was(house, own_mlflow, tmp_path):
    house.crown(1)
    attest(house.ports, house.spec)
    pem = signer(replace(house.ports, work=tmp_path / "other")).private_bytes.decode()
    rotated = House(house.root, replace(house.ports, signing_key=pem), house.spec)
    house.accept(4)
    if not rotated.trained("second").judge().promote:
        override(rotated.ports, rotated.spec, "second", "for the new key", "ann")
    register(rotated.ports, rotated.spec, judged_before(rotated.ports, rotated.spec, "second"))
    rotated.crown(2)
    attest(rotated.ports, rotated.spec)
    one, two = (entry.body.key for entry in house.ledger.view().of(EvidenceSigned))
    assert one != two
    for version in (1, 2):
        looked = fresh(house, own_mlflow, tmp_path / f"fresh-{version}")
        assert all(proof.holds for proof in verify(looked.ports, house.spec.name, version, print))


def test_an_override_is_in_what_was_signed(own_mlflow, tmp_path):
    impossible = [*GATES["binary"][:1], {"above_bar": {"metric": "auc", "at_least": 0.99}}]
    house = build(tmp_path, own_mlflow.url, gates=impossible)
    house.accept(1, 2, 3)
    house.trained("first").judge()
    override(house.ports, house.spec, "first", "the old one is broken", "ann")
    house.crown(1)
    (receipt,) = attest(house.ports, house.spec)
    proofs = checked(house, own_mlflow, tmp_path / "fresh")
    assert wrong(proofs) == []
    assert "Promoted against the gates by ann because the old one is broken" in proofs["approval"].words
    payload = unsign(
        house.ports.store.read(receipt.body.bundle.key), public_key(house.ports.store, receipt.body.key), ""
    )
    assert json.loads(payload)["predicate"]["people"][0]["said"]["reason"] == "the old one is broken"


def test_what_retention_deleted_cannot_be_checked_any_more_and_that_is_said(house, own_mlflow, tmp_path):
    house.crown(1)
    attest(house.ports, house.spec)
    (_, batch), *others = house.ledger.view().batches
    house.ports.data.delete(batch, [other for _, other in others])
    house.ledger.append("gone", BytesDeleted((f"{batch.label} {batch.sha256}",), 1, 10))
    proofs = checked(house, own_mlflow, tmp_path / "fresh")
    assert wrong(proofs) == ["batch 2013-01"]
    assert proofs["batch 2013-01"].holds is None
    assert "deleted by entry" in proofs["batch 2013-01"].words


def test_what_was_never_promoted_or_signed_is_said(house, own_mlflow, tmp_path):
    with pytest.raises(LedgerError, match="version 1 was never promoted"):
        verify(house.ports, house.spec.name, 1, print)
    house.crown(1)
    with pytest.raises(LedgerError, match="was never signed: everfit reconcile signs it"):
        verify(house.ports, house.spec.name, 1, print)


def test_a_key_of_our_own_is_for_nobody_else(promoted, tmp_path):
    ports = replace(promoted.ports, work=tmp_path)
    made = signer(ports)
    path = tmp_path / "keys" / "signing.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signer(ports).public_key == made.public_key
    assert [one.name for one in path.parent.iterdir()] == ["signing.pem"]
    assert unsign(sign(b"text", made), made.public_key, "it") == b"text"
    path.chmod(0o640)
    with pytest.raises(SpecError, match="can be read by others"):
        signer(ports)


@pytest.mark.parametrize(("pem", "said"), [("", "is no private key in PEM"), ("RSA", "wanted Ed25519")])
def test_a_key_that_cannot_sign_is_refused(promoted, pem, said):
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if pem:
        rsa = generate_private_key(65537, 2048)
        pem = rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(SpecError, match=said):
        signer(replace(promoted.ports, signing_key=pem))
