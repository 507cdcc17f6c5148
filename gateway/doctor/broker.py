"""The broker: its name, its port, its certificate, our credentials, one after the other."""

import asyncio
import ssl

from aiomqtt import MqttError

from ecgcore.errors import ConfigError
from gateway.broker_client import BrokerAccess
from gateway.doctor.check import Finding, failed, ok, warning
from gateway.settings import GatewaySettings

_WHAT = "broker"
_TIMEOUT_S = 5.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


async def check_broker(settings: GatewaySettings) -> list[Finding]:
    """Connect as the gateway would, but under a name of its own."""
    try:
        access = BrokerAccess.of(settings)
    except ConfigError as error:
        return [failed(_WHAT, str(error), "correct the ECGOMICS_GATEWAY_BROKER_... settings")]
    findings = [await _reached(access)]
    broker = access.broker
    if not broker.tls and broker.host not in _LOOPBACK:
        advice = "use mqtts:// so that nobody on the way can read or change it"
        findings.append(warning(_WHAT, f"{broker} is not encrypted", advice))
    return findings


async def _reached(access: BrokerAccess) -> Finding:
    broker = access.broker
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            _, writer = await asyncio.open_connection(broker.host, broker.port, ssl=access.tls())
    except ssl.SSLError as error:
        advice = "check its certificate, and that this machine's clock is right"
        return failed(_WHAT, f"{broker}: TLS: {error.reason}", advice)
    except (OSError, TimeoutError) as error:
        reason = str(error) or "no answer"
        return failed(_WHAT, f"{broker}: {reason}", "check address, network and firewall")
    writer.close()
    return await _admitted(access)


async def _admitted(access: BrokerAccess) -> Finding:
    try:
        async with access.visitor():
            return ok(_WHAT, f"{access.broker} lets us in")
    except MqttError as error:
        advice = "check user and password; they may have expired"
        return failed(_WHAT, f"{access.broker}: {access.reason(error)}", advice)
