"""Positions: the published test points of the WGS-84 to GCJ-02 conversion, and distances."""

import pytest

from handlers.positions import Point, distance, from_wgs84


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_positions_inside_china_are_shifted(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    point = from_wgs84(longitude=wgs84[0], latitude=wgs84[1])
    assert (point.longitude, point.latitude) == pytest.approx(gcj02, abs=1e-9)


def test_the_shift_is_about_half_a_kilometre_here() -> None:
    shifted = from_wgs84(longitude=117.96, latitude=36.64)
    assert 450 < distance(shifted, Point(117.96, 36.64)) < 600


def test_positions_abroad_are_left_alone() -> None:
    assert from_wgs84(longitude=2.35, latitude=48.85) == Point(2.35, 48.85)


@pytest.mark.parametrize(
    ("other", "metres"),
    [(Point(117.96, 36.64), 0), (Point(117.96, 37.64), 111_195), (Point(118.96, 36.64), 89_223)],
)
def test_distances_follow_the_great_circle(other: Point, metres: float) -> None:
    assert distance(Point(117.96, 36.64), other) == pytest.approx(metres, abs=2)
