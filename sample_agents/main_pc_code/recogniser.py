"""Find faces in frames, describe them and follow them."""

from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import onnxruntime
import torch
from insightface import model_zoo
from insightface.app.common import Face
from numpy.typing import NDArray

from main_pc_code.models.faces import write_describer, write_detector
from main_pc_code.models.tracking import Tracker

REMEMBERED = 32
KEPT_FRAMES = 16

Frame = NDArray[np.uint8]


def decode_frame(data: bytes) -> Frame:
    """Return an image file as pixels, blue first. Raises ValueError where it is none."""
    frame = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if frame is None:
        raise ValueError("not an image")
    return frame


def providers_for(device: torch.device) -> list[str]:
    """Return what the networks are to run on, the best first."""
    # Asked for CUDA on a machine without a driver, onnxruntime-gpu 1.19 ends the process.
    wanted = ["CUDAExecutionProvider"] if device.type == "cuda" else []
    offered = onnxruntime.get_available_providers()
    return [name for name in (*wanted, "CPUExecutionProvider") if name in offered]


class FaceRecogniser:
    """The networks, the tracks, and the faces of before."""

    def __init__(self, seed: int, alike: float) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.alike = alike
        self.frames: deque[Frame] = deque(maxlen=KEPT_FRAMES)
        self._known: deque[torch.Tensor] = deque(maxlen=REMEMBERED)
        self._tracker = Tracker()
        with TemporaryDirectory() as folder:
            detector, describer = Path(folder, "detector.onnx"), Path(folder, "describer.onnx")
            write_detector(detector)
            write_describer(describer, seed)
            providers = providers_for(self.device)
            self._detector = model_zoo.get_model(str(detector), providers=providers)
            self._describer = model_zoo.get_model(str(describer), providers=providers)

    @property
    def providers(self) -> list[str]:
        """What the sessions really run on."""
        return list(self._detector.session.get_providers())

    def look(self, frame: Frame) -> list[dict[str, Any]]:
        """Return the faces in a frame: box, track, and how much each is like one of before."""
        self.frames.append(frame)
        boxes, points = self._detector.detect(frame)
        middles = [((x1 + x2) / 2, (y1 + y2) / 2) for x1, y1, x2, y2, _ in boxes.tolist()]
        tracks = self._tracker.advance(middles)
        faces = []
        for box, kps, track in zip(boxes, points, tracks, strict=True):
            face = Face(bbox=box[:4], kps=kps, det_score=float(box[4]))
            self._describer.get(frame, face)
            likeness = self.recognise(face.normed_embedding)
            faces.append(
                {
                    "box": [round(side, 1) for side in box[:4].tolist()],
                    "score": round(face.det_score, 3),
                    "track": track.number,
                    "velocity": [round(part, 1) for part in track.velocity],
                    "known": likeness >= self.alike,
                }
            )
        return faces

    def recognise(self, features: NDArray[np.float32]) -> float:
        """Return the likeness (-1 to 1) to the most alike face of before, and remember this one."""
        face = torch.from_numpy(features).to(self.device)
        known = torch.stack(list(self._known)) @ face if self._known else torch.zeros(1)
        self._known.append(face)
        return float(known.max())
