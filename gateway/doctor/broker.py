"""The broker: its name, its port, its certificate, our credentials, one after the other."""

import asyncio
import ssl

from aiomqtt import Client, MqttError

from ecgcore.errors import ConfigError
from ecgcore.wire.broker import Broker
from gateway.doctor.check import Finding, failed, ok, warning
from gateway.settings import GatewaySettings

_WHAT = "broker"
_TIMEOUT_S = 5.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


async def check_broker(settings: GatewaySettings) -> list[Finding]:
    """Connect as the gateway would, but under a name of its own."""
    try:
        broker = Broker.parse(settings.broker_url.get_secret_value())
    except ConfigError as error:
        return [failed(_WHAT, str(error), "set ECGOMICS_GATEWAY_BROKER_URL")]
    findings = [await _reached(broker, settings.gateway_id)]
    if not broker.tls and broker.host not in _LOOPBACK:
        advice = "use mqtts:// so that nobody on the way can read or change it"
        findings.append(warning(_WHAT, f"{broker} is not encrypted", advice))
    return findings


async def _reached(broker: Broker, gateway_id: str) -> Finding:
    context = ssl.create_default_context() if broker.tls else None
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            _, writer = await asyncio.open_connection(broker.host, broker.port, ssl=context)
    except ssl.SSLError as error:
        advice = "check its certificate, and that this machine's clock is right"
        return failed(_WHAT, f"{broker}: TLS: {error.reason}", advice)
    except (OSError, TimeoutError) as error:
        reason = str(error) or "no answer"
        return failed(_WHAT, f"{broker}: {reason}", "check address, network and firewall")
    writer.close()
    return await _admitted(broker, context, gateway_id)


async def _admitted(broker: Broker, context: ssl.SSLContext | None, gateway_id: str) -> Finding:
    client = Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        # Under the gateway's own name a gateway that runs would be thrown out.
        identifier=f"{gateway_id}-doctor",
        timeout=_TIMEOUT_S,
        tls_context=context,
    )
    try:
        async with client:
            return ok(_WHAT, f"{broker} lets us in")
    except MqttError as error:
        reason = str(error).rpartition("] ")[2]
        advice = "check user and password; they may have expired"
        return failed(_WHAT, f"{broker}: {reason}", advice)
