"""Video files: what their headers say, and frames drawn evenly over a clip (PyAV)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engine.errors import DatasetError

if TYPE_CHECKING:
    from engine.datasets.base import InputSpec

Pixels = npt.NDArray[np.uint8]

SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".gif")
MAX_PIXELS = 36_000_000
"""A frame of 8K has 33 million; a header that asks for more is refused before decoding."""
MAX_SECONDS = 3 * 3600
# What FFmpeg may take a file for, whatever its suffix: no playlists, which name other files, and
# no still images.
_DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,gif,mpeg,mpegts,mpegvideo"
# Shorter clips are decoded from the beginning; in longer ones the frames are sought.
_IN_ORDER = 600
_SOUGHT_FRAMES = 1_000
# Streams hold packets that show nothing; a clip that lacks more than this share is damaged.
_READABLE_SHARE = 0.8


@dataclass(frozen=True)
class ClipHead:
    """What a clip's header says.

    Attributes:
        width, height: In pixels, before it is turned as its camera noted.
        seconds: Duration; 0 where it does not say.
        rate: Frames per second; 0 where it does not say.
        n_frames: How many frames; 0 where it does not say.
    """

    width: int
    height: int
    seconds: float
    rate: float
    n_frames: int


@dataclass(frozen=True)
class ClipReader:
    """Reads a file as a clip of one shape: frames drawn evenly, stretched to one size.

    Attributes:
        frames: How many frames are drawn; shorter clips repeat some.
        height, width: In pixels.
        channels: 3 for colour, 1 for grey.
    """

    frames: int
    height: int
    width: int
    channels: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (self.frames, self.height, self.width, self.channels)

    def __call__(self, path: Path) -> Pixels:
        """Returns (frames, height, width, channels).

        Raises:
            DatasetError: The file is no video, is damaged, or too large.
        """
        with _opened(path) as (container, stream):
            head = _head(container, stream)
            n_packets = _count(container, stream, _IN_ORDER + 1)
        if head.n_frames and n_packets < min(_READABLE_SHARE * head.n_frames, _IN_ORDER):
            raise _cut_off(n_packets, head.n_frames)
        if n_packets <= _IN_ORDER:
            return self._in_order(path, n_packets)
        if head.seconds and path.suffix.lower() != ".gif":
            return self._sought(path, head.seconds)
        with _opened(path) as (container, stream):
            n_packets = _count(container, stream, MAX_SECONDS * 120)
        return self._in_order(path, n_packets)

    def _in_order(self, path: Path, n_frames: int) -> Pixels:
        """Decodes from the beginning and keeps the frames in the middle of equal stretches."""
        import av

        if not n_frames:
            raise DatasetError("The clip holds no frames.", "Save it again, or leave it out.")
        middle = (np.arange(self.frames) + 0.5) * n_frames / self.frames
        times_wanted = np.bincount(middle.astype(np.int64), minlength=n_frames)
        found: list[Pixels] = []
        decoded, last = 0, None
        with _opened(path) as (container, stream):
            try:
                for index, frame in enumerate(container.decode(stream)):
                    decoded, last = index + 1, frame
                    if index < n_frames and times_wanted[index]:
                        found += [self._pixels(frame)] * int(times_wanted[index])
                    if len(found) == self.frames:
                        break
            except av.FFmpegError:
                pass  # judged by how much came before
        if last is None or (len(found) < self.frames and decoded < _READABLE_SHARE * n_frames):
            raise _cut_off(decoded, n_frames)
        if len(found) < self.frames:
            found += [self._pixels(last)] * (self.frames - len(found))
        return np.stack(found)

    def _sought(self, path: Path, seconds: float) -> Pixels:
        """Jumps near each wanted moment and decodes from there."""
        import av

        found: list[Pixels] = []
        with _opened(path) as (container, stream):
            begin = (container.start_time or 0) / av.time_base
            for middle in (np.arange(self.frames) + 0.5) * seconds / self.frames:
                moment, frame = begin + float(middle), None
                try:
                    container.seek(int(moment * av.time_base))
                    for count, frame in enumerate(container.decode(stream)):
                        if frame.time is None or frame.time >= moment or count > _SOUGHT_FRAMES:
                            break
                except av.FFmpegError:
                    pass
                if frame is not None:
                    found.append(self._pixels(frame))
        if len(found) < _READABLE_SHARE * self.frames:
            raise _cut_off(len(found), self.frames)
        return np.stack(found + found[-1:] * (self.frames - len(found)))

    def _pixels(self, frame: Any) -> Pixels:
        """One frame at the wanted size, upright."""
        _refuse_large(frame.width, frame.height)
        turns = round(getattr(frame, "rotation", 0) / 90) % 4
        width, height = (self.height, self.width) if turns % 2 else (self.width, self.height)
        form = "rgb24" if self.channels == 3 else "gray8"
        resized = frame.reformat(width=width, height=height, format=form, interpolation="AREA")
        pixels = np.rot90(resized.to_ndarray(), turns)
        return np.ascontiguousarray(pixels).reshape(self.height, self.width, self.channels)


def read_head(path: Path) -> ClipHead:
    """Reads a file's header.

    Raises:
        DatasetError: It is no video, or too large.
    """
    with _opened(path) as (container, stream):
        return _head(container, stream)


def read_inputs(path: Path, asked: InputSpec) -> Pixels:
    """Reads one clip as a model takes it, (1, frames, height, width, channels).

    Raises:
        DatasetError: It cannot be read.
    """
    try:
        return ClipReader(*asked.raw_shape)(path)[np.newaxis]
    except DatasetError as error:
        raise DatasetError(f"'{path}': {error.message}", error.hint) from None


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The container and its video stream, after its size was looked at."""
    import av

    options = {"format_whitelist": _DEMUXERS, "protocol_whitelist": "file"}
    try:
        with av.open(str(path), container_options=options) as container:
            if not container.streams:
                raise _no_video()
            if not container.streams.video:
                raise DatasetError(
                    "The file has sound or text, but no picture.", "Choose a file with video."
                )
            stream = container.streams.video[0]
            context = stream.codec_context
            if context is None:
                raise DatasetError(
                    "The video is in a format that cannot be decoded.", "Save it as MP4 (H.264)."
                )
            # Files are read side by side already.
            context.thread_count = 1
            _refuse_large(context.width, context.height)
            yield container, stream
    except (av.InvalidDataError, av.ArgumentError, av.EOFError):
        raise _no_video() from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(f"The file cannot be read: {reason}.", "Check the file.") from None
    except (av.FFmpegError, ValueError) as error:
        raise DatasetError(f"The video cannot be decoded: {error}.", "Save it again.") from None


def _no_video() -> DatasetError:
    return DatasetError("The file is no video, or is damaged.", "Save it again.")


def _head(container: Any, stream: Any) -> ClipHead:
    import av

    rate = float(stream.average_rate or stream.guessed_rate or 0)
    n_frames = int(stream.frames or 0)
    seconds = (container.duration or 0) / av.time_base or (n_frames / rate if rate else 0.0)
    if seconds > MAX_SECONDS:
        raise DatasetError(
            f"The clip is too long. Received: {seconds / 3600:.1f} hours.",
            f"Cut it into pieces of less than {MAX_SECONDS // 3600} hours.",
        )
    return ClipHead(stream.width, stream.height, max(0.0, seconds), rate, n_frames)


def _count(container: Any, stream: Any, most: int) -> int:
    """Counts the packets that are there, up to `most`, without decoding: headers may lie."""
    import av

    count = 0
    try:
        for packet in container.demux(stream):
            count += packet.size > 0
            if count >= most:
                break
    except av.FFmpegError:
        pass  # what came before it counts
    return count


def _refuse_large(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise DatasetError(
            f"The frames are too large. Received: {width:,} × {height:,} pixels.",
            f"Make them smaller than {MAX_PIXELS // 1_000_000} million pixels.",
        )


def _cut_off(n_found: int, n_expected: int) -> DatasetError:
    return DatasetError(
        f"The clip is damaged: only {n_found:,} of {n_expected:,} frames can be read.",
        "Save it again, or leave it out.",
    )
