"""Ask a running streaming_tts_agent to speak, and check the WAV file that it sends."""

import io
import json
import sys
import urllib.request
import wave

ADDRESS = "http://127.0.0.1:8000/speak"
SHORTEST_SECONDS = 0.5


def speak(text: str) -> bytes:
    """Return the agent's answer."""
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(
        ADDRESS, data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        data: bytes = answer.read()
    return data


def problem_with(data: bytes) -> str | None:
    """Return what is wrong with a WAV file, if anything."""
    with wave.open(io.BytesIO(data)) as file:
        seconds = file.getnframes() / file.getframerate()
        samples = file.readframes(file.getnframes())
    if seconds < SHORTEST_SECONDS:
        return f"only {seconds:.2f} s of sound"
    if len(set(samples)) == 1:
        return "silence"
    return None


def main() -> int:
    """Return 0 where the agent spoke."""
    problem = problem_with(speak("The quick brown fox jumps over the lazy dog."))
    sys.stdout.write(f"{problem or 'ok'}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
