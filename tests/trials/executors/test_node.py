"""What a machine does with a trial that it is sent."""

from wellfit.core.plan import Plan
from wellfit.trials.executors.node import Job, train
from wellfit.trials.executors.sent import bring, packed
from wellfit.trials.executors.trial import SAID, settings_of


def test_texts_are_run_in_the_place_of_files_there_too(tmp_path):
    code, room = tmp_path / "code", tmp_path / "room"
    (code / "lib").mkdir(parents=True)
    room.mkdir()
    (code / "train.py").write_text("from lib.net import name\nprint('own', name)\n")
    (code / "lib" / "net.py").write_text("name = 'own'\n")
    texts = {"lib/net.py": "name = 'edited'\n"}
    settings = settings_of(Plan(), 0, module=False, judging=False, stoppable=False)
    job = Job(
        words=["train.py"],
        settings={**settings, "edited": {"texts": texts, "changes": []}},
        paths=[],
        environ={},
        seconds=60.0,
        memory=None,
    )
    came = train(job, packed(code), room=room)
    bring(came.files, tmp_path / "run")
    assert (tmp_path / "run" / SAID).read_text() == "own edited\n"
