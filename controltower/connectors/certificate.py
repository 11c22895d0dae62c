"""When the TLS certificate of a host runs out: read in a handshake by which nothing is sent."""

import datetime
import socket
import ssl

from cryptography import x509

from controltower.connectors.contract import SourceUnavailable

_SECONDS = 5.0


def expiry(host: str, port: int) -> datetime.datetime | None:
    """The end of its certificate's validity. Raises SourceUnavailable.

    An expired certificate must be read too, so the handshake believes any; no request and no credential is sent over
    it. All that the tower says to a system goes over connections that verify."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout=_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            held = secured.getpeercert(binary_form=True)
    except TimeoutError as error:
        raise SourceUnavailable("timeout", f"{host}:{port} shows no certificate in time") from error
    except OSError as error:
        raise SourceUnavailable(
            "down", f"{host}:{port} shows no certificate: {type(error).__name__}"
        ) from error
    return x509.load_der_x509_certificate(held).not_valid_after_utc if held else None
