"""A certificate authority for tests: clients that trust it can keep the venue's own host names."""

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from thunes.core.domain.errors import ThunesError

HOSTS = (
    "localhost",
    "api.binance.com",
    "stream.binance.com",
    "ws-api.binance.com",
    "testnet.binance.vision",
    "api.testnet.binance.vision",
    "stream.testnet.binance.vision",
    "ws-api.testnet.binance.vision",
    "demo-api.binance.com",
    "demo-stream.binance.com",
    "demo-ws-api.binance.com",
)
_LASTS = datetime.timedelta(days=30)
_EARLIER = datetime.timedelta(hours=1)


def make_tls(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context, and the file of the authority that clients have to trust.

    Both are new each time; the authority's own key is never written down.
    """
    ca_key, server_key = new_key(SECP256R1()), new_key(SECP256R1())
    ca_name = _name("THUNES sandbox test CA")
    ca = _certificate(ca_name, ca_name, ca_key, ca_key, ())
    server = _certificate(_name("THUNES sandbox"), ca_name, server_key, ca_key, HOSTS)
    ca_file, server_file = folder / "ca.pem", folder / "server.pem"
    secret = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ca_file.write_bytes(ca.public_bytes(Encoding.PEM))
        server_file.touch(mode=0o600)
        server_file.write_bytes(server.public_bytes(Encoding.PEM) + secret)
    except OSError as error:
        raise ThunesError(f"--tls {folder}: cannot be written: {error.strerror}") from error
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(server_file)
    return context, ca_file


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    signer: EllipticCurvePrivateKey,
    hosts: Sequence[str],
) -> x509.Certificate:
    """Of an authority where there are no hosts, else of a server with these names."""
    now = datetime.datetime.now(datetime.UTC)
    is_ca = not hosts
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _LASTS)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
        .add_extension(_usage(is_ca=is_ca), critical=True)
    )
    if hosts:
        names: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
