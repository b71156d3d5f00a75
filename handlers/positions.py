"""Positions on the earth: China's shifted datum (GCJ-02) and distances. Pure."""

from dataclasses import dataclass
from math import asin, cos, pi, radians, sin, sqrt

EARTH_RADIUS = 6_371_008.8
"""Mean radius in metres."""

# The ellipsoid that GCJ-02 is defined on (Krasovsky 1940).
SEMI_MAJOR_AXIS = 6_378_245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323


@dataclass(frozen=True, slots=True)
class Point:
    """A position in GCJ-02 degrees, as Chinese maps and `wx.getLocation({type: "gcj02"})` give it."""

    longitude: float
    latitude: float


def from_wgs84(*, longitude: float, latitude: float) -> Point:
    """The GCJ-02 position of what a satellite receiver calls `longitude`, `latitude`.

    Outside China the two agree.
    """
    if not (72.004 <= longitude <= 137.8347 and 0.8293 <= latitude <= 55.8271):
        return Point(longitude, latitude)
    east, north = longitude - 105.0, latitude - 35.0
    phi = radians(latitude)
    bend = 1 - ECCENTRICITY_SQUARED * sin(phi) ** 2
    metres_per_degree_north = SEMI_MAJOR_AXIS * (1 - ECCENTRICITY_SQUARED) / (bend * sqrt(bend)) * pi / 180
    metres_per_degree_east = SEMI_MAJOR_AXIS / sqrt(bend) * cos(phi) * pi / 180
    return Point(
        longitude + _metres_east(east, north) / metres_per_degree_east,
        latitude + _metres_north(east, north) / metres_per_degree_north,
    )


def distance(one: Point, other: Point) -> float:
    """Metres along the great circle."""
    phi, other_phi = radians(one.latitude), radians(other.latitude)
    half_north = (other_phi - phi) / 2
    half_east = radians(other.longitude - one.longitude) / 2
    chord = sin(half_north) ** 2 + cos(phi) * cos(other_phi) * sin(half_east) ** 2
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(chord)))


def in_words(metres: int) -> str:
    """A distance as people say it: 350 米, 1.2 公里."""
    return f"{metres} 米" if metres < 1000 else f"{metres / 1000:.1f} 公里"


def _metres_east(x: float, y: float) -> float:
    return (
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
        + _waves(x * pi, (20.0, 6), (20.0, 2))
        + _waves(x * pi, (20.0, 1), (40.0, 1 / 3))
        + _waves(x * pi, (150.0, 1 / 12), (300.0, 1 / 30))
    )  # fmt: skip


def _metres_north(x: float, y: float) -> float:
    return (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
        + _waves(x * pi, (20.0, 6), (20.0, 2))
        + _waves(y * pi, (20.0, 1), (40.0, 1 / 3))
        + _waves(y * pi, (160.0, 1 / 12), (320.0, 1 / 30))
    )  # fmt: skip


def _waves(angle: float, *terms: tuple[float, float]) -> float:
    return sum(height * sin(angle * pace) for height, pace in terms) * 2 / 3
