"""Follow faces from frame to frame with a Kalman filter each."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from filterpy.kalman import KalmanFilter

FURTHEST = 40.0
PATIENCE = 3

Point = tuple[float, float]


def new_filter(place: Point) -> KalmanFilter:
    """Return a filter for something that moves evenly: place and velocity, in pixels a frame."""
    kalman = KalmanFilter(dim_x=4, dim_z=2)
    kalman.x = np.array([*place, 0.0, 0.0])
    kalman.F = np.eye(4) + np.eye(4, k=2)
    kalman.H = np.eye(2, 4)
    kalman.P *= 100.0
    kalman.R *= 4.0
    kalman.Q *= 0.5
    return kalman


@dataclass
class Track:
    """One face over time."""

    number: int
    kalman: KalmanFilter
    unseen: int = 0

    @property
    def place(self) -> Point:
        """Where the face is thought to be."""
        return float(self.kalman.x[0]), float(self.kalman.x[1])

    @property
    def velocity(self) -> Point:
        """How far it moves in a frame."""
        return float(self.kalman.x[2]), float(self.kalman.x[3])


@dataclass
class Tracker:
    """All faces that are followed."""

    tracks: list[Track] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def advance(self, places: Sequence[Point]) -> list[Track]:
        """Take in the places of one frame and return the track of each."""
        for track in self.tracks:
            track.kalman.predict()
            track.unseen += 1
        found = [self.matching(place) for place in places]
        self.tracks = [track for track in self.tracks if track.unseen <= PATIENCE]
        return found

    def matching(self, place: Point) -> Track:
        """Return the nearest track that has no place yet in this frame, else a new one."""
        free = [track for track in self.tracks if track.unseen]
        track = min(free, key=lambda track: math.dist(track.place, place), default=None)
        if track is None or math.dist(track.place, place) > FURTHEST:
            track = Track(next(self.numbers), new_filter(place))
            self.tracks.append(track)
        else:
            track.kalman.update(np.array(place))
        track.unseen = 0
        return track
