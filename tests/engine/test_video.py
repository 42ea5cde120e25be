"""Video folders: frames drawn evenly, and files that lie."""

from collections import Counter
from types import SimpleNamespace

import av
import numpy as np
import pytest
from bad_values import bad_value_id, bad_values, field_refused

from engine.datasets import recognise
from engine.datasets.clips.video import VideoFolderFormat, VideoParameters
from engine.datasets.clips.video_files import SUFFIXES, ClipReader, read_head, read_inputs
from engine.datasets.packing import packed
from engine.errors import Cancelled, DatasetError, SpecError
from engine.spec.parameters import validate
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task

READER = ClipReader(5, 16, 24, 1)


def write_clip(path, brightness, codec="mpeg4", size=(48, 32), rate=10):
    """Writes a clip with one frame of each brightness, 0 to 255."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        for value in brightness:
            pixels = np.full((size[1], size[0], 3), value, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def make_folder(path, classes=("jump", "wave"), per_class=3):
    for number, name in enumerate(classes):
        (path / name).mkdir(parents=True)
        for clip in range(per_class):
            write_clip(path / name / f"{clip}.mp4", [40 * number + 10 * clip] * 10)
    return path


def load(path, progress=lambda *_: None, **parameters):
    data = DataSpec(source=str(path))
    dataset = VideoFolderFormat().open(path, data)
    return dataset.load(validate(VideoParameters, parameters), progress)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "mpeg4"),
        ("a.m4v", "libx264"),
        ("a.mov", "mpeg4"),
        ("a.avi", "mpeg4"),
        ("a.mkv", "libx264"),
        ("a.webm", "libvpx-vp9"),
        ("a.gif", "gif"),
    ],
)
def test_frames_are_drawn_evenly_from_every_type(tmp_path, name, codec):
    shown = [8 * frame for frame in range(30)]
    clip = READER(write_clip(tmp_path / name, shown, codec))
    assert (clip.shape, clip.dtype) == ((5, 16, 24, 1), np.uint8)
    # The middles of five stretches of six frames.
    expected = [shown[frame] for frame in (3, 9, 15, 21, 27)]
    tolerance = 24 if codec == "gif" else 6
    np.testing.assert_allclose(clip.mean(axis=(1, 2, 3)), expected, atol=tolerance)


def test_a_clip_shorter_than_asked_for_repeats_frames(tmp_path):
    clip = READER(write_clip(tmp_path / "a.mp4", [0, 200]))
    np.testing.assert_allclose(clip.mean(axis=(1, 2, 3)), [0, 0, 200, 200, 200], atol=6)


def test_long_clips_are_sought_not_decoded_whole(tmp_path):
    shown = np.linspace(0, 250, 700).astype(int)
    clip = READER(write_clip(tmp_path / "a.mp4", shown, size=(16, 16)))
    np.testing.assert_allclose(clip.mean(axis=(1, 2, 3)), [25, 75, 125, 175, 225], atol=8)


def test_colours_and_their_order_are_kept(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv444p"
        pixels = np.zeros((32, 32, 3), np.uint8)
        pixels[:, :16, 0], pixels[:, 16:, 2] = 255, 255
        for _ in range(5):
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    clip = ClipReader(2, 16, 16, 3)(path)
    np.testing.assert_allclose(clip[0, 8, 2], [255, 0, 0], atol=40)
    np.testing.assert_allclose(clip[0, 8, 13], [0, 0, 255], atol=40)


def test_the_header_tells_size_duration_and_rate(tmp_path):
    head = read_head(write_clip(tmp_path / "a.mp4", range(30)))
    assert (head.width, head.height, head.n_frames) == (48, 32, 30)
    assert head.seconds == pytest.approx(3.0)
    assert head.rate == pytest.approx(10.0)


def _cut(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return path


def _not_video(path, content):
    path.write_bytes(content)
    return path


def _sound_only(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.rate = 44_100
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
    return path


def _still_image(path):
    from PIL import Image

    Image.new("RGB", (64, 64)).save(path, "PNG")
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda p: _not_video(p / "a.mp4", b"hello, I am text" * 50), "no video"),
        (lambda p: _not_video(p / "a.mp4", b""), "no video"),
        (lambda p: _not_video(p / "a.mp4", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"), "no video"),
        (lambda p: _still_image(p / "a.mp4"), "no video"),
        (lambda p: _sound_only(p / "a.mp4"), "no picture"),
        (lambda p: _cut(write_clip(p / "a.mp4", range(30)), 0.5), "no video, or is damaged"),
        (lambda p: _cut(write_clip(p / "a.avi", range(0, 250, 2)), 0.5), "damaged"),
        (lambda p: p / "gone.mp4", "no such file"),
    ],
    ids=["text", "empty", "playlist", "image", "sound", "cut mp4", "cut avi", "gone"],
)
def test_files_that_are_no_whole_videos_are_refused_in_words(tmp_path, make, reason):
    with pytest.raises(DatasetError) as caught:
        READER(make(tmp_path))
    assert reason in caught.value.message


def test_a_clip_without_frames_is_refused(tmp_path):
    path = write_clip(tmp_path / "a.avi", [])
    with pytest.raises(DatasetError):
        READER(path)


def test_frames_larger_than_the_cap_are_refused_before_decoding(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.datasets.clips.video_files.MAX_PIXELS", 1_000)
    with pytest.raises(DatasetError, match=r"too large\. Received: 48 × 32"):
        READER(write_clip(tmp_path / "a.mp4", range(5)))


def test_clips_longer_than_the_cap_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.datasets.clips.video_files.MAX_SECONDS", 1)
    with pytest.raises(DatasetError, match="too long"):
        READER(write_clip(tmp_path / "a.mp4", range(30)))


def test_a_folder_per_class_is_listed_and_decoded_later(tmp_path):
    make_folder(tmp_path, ("空手 跳び", "wave"))
    examples = load(tmp_path, frames=4, height=8, width=8, colour="grey")
    assert (examples.kind, examples.task) == (Kind.VIDEO, Task.CLASSIFICATION)
    assert set(examples.class_names) == {"空手 跳び", "wave"}
    assert examples.x.shape == (6, 4, 8, 8, 1)
    facts = dict(examples.facts)
    assert facts["Sizes"] == "48 × 32"
    assert facts["Duration"] == "1 s"
    assert examples.frame_rate == pytest.approx(4.0)
    held = packed(examples)
    assert held.x.shape == examples.x.shape
    assert not held.findings
    assert recognise(tmp_path).name == "videos"


def test_a_damaged_clip_is_skipped_and_named(tmp_path):
    make_folder(tmp_path)
    (tmp_path / "jump" / "0.mp4").write_bytes(b"nothing")
    held = packed(load(tmp_path, frames=2, height=8, width=8))
    assert held.n_samples == 5
    (finding,) = held.findings
    assert finding.names == ("jump/0.mp4: The file is no video, or is damaged.",)


def test_a_file_that_disappears_before_training_is_skipped(tmp_path):
    make_folder(tmp_path)
    examples = load(tmp_path, frames=2, height=8, width=8)
    (tmp_path / "wave" / "2.mp4").unlink()
    held = packed(examples)
    assert (held.n_samples, held.findings[0].count) == (5, 1)


def test_when_nothing_can_be_read_it_is_said(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.mp4").write_bytes(b"nothing")
    with pytest.raises(DatasetError, match="None of the clips can be read"):
        packed(load(tmp_path))


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda p: (p / "note.txt").write_text("x"), "holds no video clips"),
        (lambda p: make_folder(p, ("only",)), "only one class, 'only'"),
        (lambda p: write_clip(p / "a.mp4", range(5)), "are in no folders"),
    ],
    ids=["no clips", "one class", "no folders"],
)
def test_folders_that_say_no_classes_are_refused(tmp_path, prepare, message):
    prepare(tmp_path)
    with pytest.raises(DatasetError, match=message):
        load(tmp_path)


def test_what_is_left_out_is_named(tmp_path):
    make_folder(tmp_path)
    (tmp_path / "empty").mkdir()
    write_clip(tmp_path / "loose.mp4", range(5))
    (tmp_path / "jump" / "notes.txt").write_text("x")
    texts = [finding.text for finding in load(tmp_path).findings]
    assert any("1 .txt" in text for text in texts)
    assert any("The folder 'empty' holds no clips" in text for text in texts)
    assert any(text.startswith("1 clips are in no class's folder") for text in texts)


def test_folders_named_train_and_test_say_the_part(tmp_path):
    make_folder(tmp_path / "train")
    make_folder(tmp_path / "test")
    examples = load(tmp_path)
    assert examples.class_names == ("jump", "wave")
    assert Counter(examples.given.tolist()) == {0: 6, 2: 6}


def test_another_task_is_refused(tmp_path):
    make_folder(tmp_path)
    data = DataSpec(source=str(tmp_path), task=Task.REGRESSION)
    with pytest.raises(DatasetError, match="Folders are classes"):
        VideoFolderFormat().open(tmp_path, data).load(VideoParameters())


def test_loading_can_be_cancelled(tmp_path):
    make_folder(tmp_path)

    def cancel(*_):
        raise Cancelled

    with pytest.raises(Cancelled):
        load(tmp_path, cancel)


def test_a_clip_is_read_for_prediction_as_for_training(tmp_path):
    path = write_clip(tmp_path / "a.mp4", range(0, 250, 10))
    asked = SimpleNamespace(raw_shape=(5, 16, 24, 1))
    np.testing.assert_array_equal(read_inputs(path, asked), READER(path)[np.newaxis])
    (tmp_path / "b.mp4").write_bytes(b"nothing")
    with pytest.raises(DatasetError, match=r"b\.mp4': The file is no video"):
        read_inputs(tmp_path / "b.mp4", asked)


@pytest.mark.parametrize(("name", "value"), bad_values(VideoParameters), ids=bad_value_id)
def test_values_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(SpecError) as caught:
        validate(VideoParameters, {name: value}, "data.parameters")
    assert field_refused(caught.value, f"data.parameters.{name}")


def test_a_folder_of_images_is_not_taken_for_videos(tmp_path):
    from PIL import Image

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.new("L", (8, 8)).save(tmp_path / name / "1.png")
    assert recognise(tmp_path).name == "images"
    assert ".mp4" in SUFFIXES
