"""Ranges that parameters may lie in; `ecgcore.parameters` holds a configuration to them."""

from typing import Annotated, TypeAlias

from annotated_types import Interval

Share: TypeAlias = Annotated[float, Interval(ge=0.0, le=1.0)]
Factor: TypeAlias = Annotated[float, Interval(ge=0.0, le=100.0)]
PerMinute: TypeAlias = Annotated[float, Interval(ge=10.0, le=400.0)]
"""Beats or cycles a minute."""
Seconds: TypeAlias = Annotated[float, Interval(ge=0.0, le=30.0 * 86400.0)]
Hour: TypeAlias = Annotated[float, Interval(ge=0.0, le=24.0)]
"""Of the day, by the local clock."""
Milliseconds: TypeAlias = Annotated[float, Interval(ge=0.0, le=60_000.0)]
Millivolts: TypeAlias = Annotated[float, Interval(ge=0.0, le=100.0)]
Microvolts: TypeAlias = Annotated[float, Interval(ge=0.0, le=100_000.0)]
Hertz: TypeAlias = Annotated[float, Interval(ge=0.0, le=1000.0)]
Decibels: TypeAlias = Annotated[float, Interval(ge=-60.0, le=120.0)]
Years: TypeAlias = Annotated[float, Interval(ge=0.0, le=150.0)]
Count: TypeAlias = Annotated[int, Interval(ge=1, le=1_000_000)]
Degrees: TypeAlias = Annotated[float, Interval(ge=-180.0, le=180.0)]
MillivoltsPerSecond: TypeAlias = Annotated[float, Interval(ge=0.0, le=1000.0)]
MillivoltMilliseconds: TypeAlias = Annotated[float, Interval(ge=0.0, le=1000.0)]
Step: TypeAlias = Annotated[float, Interval(ge=0.0005, le=0.1)]
"""Seconds from one place to the next that a wave is looked at in."""
PerSecond: TypeAlias = Annotated[float, Interval(ge=1.0, le=100.0)]
"""Values that a row of beats is sampled with, in Hz."""
Stretch: TypeAlias = Annotated[float, Interval(ge=1.0, le=86400.0)]
"""Seconds that a spectrum or a window is taken over."""
Divisor: TypeAlias = Annotated[float, Interval(ge=1.0, le=100.0)]
Many: TypeAlias = Annotated[int, Interval(ge=16, le=4096)]
"""As many as a spectrum or a search needs."""
