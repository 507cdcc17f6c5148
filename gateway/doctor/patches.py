"""The patches this gateway is to take, and the drivers it has."""

from ecgcore.errors import ConfigError
from gateway.app import known_patches
from gateway.doctor.check import Finding, failed, ok, warning
from gateway.scanner import installed_drivers
from gateway.settings import GatewaySettings


async def check_patches(settings: GatewaySettings) -> list[Finding]:
    """Read the allow-list and name the drivers."""
    models = ", ".join(driver.model for driver in installed_drivers().drivers)
    drivers = ok("drivers", models)
    try:
        known = known_patches(settings)
    except ConfigError as error:
        return [drivers, failed("patches", str(error), "correct the file")]
    if not known and not settings.take_any:
        return [drivers, warning("patches", "none is claimed", "`ecgomics claim`")]
    return [drivers, ok("patches", ", ".join(known) or "all in reach")]
