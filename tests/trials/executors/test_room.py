"""What a cluster has is shared by the trials, and every trial fits a machine."""

import pytest

from wellfit.core.errors import BadSetting
from wellfit.trials.executors.room import Room, room_of


@pytest.mark.parametrize(
    ("nodes", "jobs", "room"),
    [
        ([{"CPU": 1.0}, {"CPU": 1.0}], None, Room(jobs=2, cpus=1)),
        ([{"CPU": 64.0}], None, Room(jobs=12, cpus=5)),
        ([{"CPU": 64.0}], 2, Room(jobs=2, cpus=32)),
        ([{"CPU": 3.0}, {"CPU": 5.0}], 2, Room(jobs=2, cpus=3)),
        ([{"CPU": 2.0}, {"CPU": 0.0}], 5, Room(jobs=2, cpus=1)),
        ([{"CPU": 8.0, "GPU": 2.0}], None, Room(jobs=2, cpus=4, gpus=1.0)),
        ([{"CPU": 8.0, "GPU": 2.0}], 1, Room(jobs=1, cpus=4, gpus=1.0)),
        ([{"CPU": 8.0, "GPU": 2.0}], 4, Room(jobs=4, cpus=2, gpus=0.5)),
        ([{"CPU": 1.0, "GPU": 4.0}], None, Room(jobs=4, cpus=1, gpus=1.0)),
    ],
)
def test_a_cluster_is_shared(nodes, jobs, room):
    assert room_of(nodes, jobs) == room


def test_machines_without_processors_have_no_room():
    with pytest.raises(BadSetting, match="a trial needs a processor"):
        room_of([{"CPU": 0.0, "memory": 1e9}])


def test_a_trial_has_no_more_memory_than_a_machine():
    nodes = [{"CPU": 2.0, "memory": 4e9}, {"CPU": 2.0, "memory": 8e9}]
    assert room_of(nodes, 2, 2**32) == Room(jobs=2, cpus=2, memory=2**32)
    with pytest.raises(BadSetting, match=r"9.31G is more than .* at most 7.45G"):
        room_of(nodes, 2, 10_000_000_000)
