"""Print the mean pitch of each voice in a speech corpus."""

import sys
from collections import defaultdict
from statistics import mean

import librosa
from datasets import Audio, load_dataset


def mean_pitches(corpus: str) -> dict[str, float]:
    """Return the mean pitch in hertz by speaker."""
    rows = load_dataset(corpus, split="train").cast_column("audio", Audio(sampling_rate=16000))
    pitches: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        pitch = librosa.yin(row["audio"]["array"], fmin=60, fmax=400, sr=16000)
        pitches[str(row["speaker_id"])].append(float(pitch.mean()))
    return {speaker: mean(values) for speaker, values in pitches.items()}


if __name__ == "__main__":
    for name, hertz in sorted(mean_pitches(sys.argv[1]).items()):
        sys.stdout.write(f"{name}\t{hertz:.1f}\n")
