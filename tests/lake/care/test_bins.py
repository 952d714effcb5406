"""Which files are compacted together, and which are not worth it."""

from __future__ import annotations

from floe.lake.care.bins import LiveFile, plan_bins, plan_moves


def files(*sizes: int, partition: tuple[int, ...] = (), spec_id: int = 0, first: int = 0) -> list[LiveFile]:
    return [
        LiveFile(f"{spec_id}{partition}-{first + number}", 1, size, spec_id, partition, sequence=first + number)
        for number, size in enumerate(sizes)
    ]


def sizes(bins: object) -> list[list[int]]:
    return [[item.size_bytes for item in bin_.files] for bin_ in bins]


def test_small_files_become_bins_of_the_target_size_in_the_order_in_which_they_came() -> None:
    assert sizes(plan_bins(files(*[30] * 7), 100)) == [[30] * 3, [30] * 3]
    shuffled = files(1, 2, 3)
    assert [item.sequence for item in plan_bins([shuffled[2], shuffled[0], shuffled[1]], 100)[0].files] == [0, 1, 2]


def test_files_that_are_large_enough_and_files_that_are_alone_stay() -> None:
    assert plan_bins(files(75, 80, 200, 10), 100) == ()
    assert plan_bins([], 100) == ()


def test_partitions_and_specs_are_never_mixed() -> None:
    some = [*files(1, 1, partition=(1,)), *files(1, 1, partition=(2,)), *files(1, partition=(1,), spec_id=1)]
    bins = plan_bins(some, 100)
    assert sizes(bins) == [[1, 1], [1, 1]]
    assert [item.partition for item in bins] == [(1,), (2,)]


def test_small_files_of_older_specs_move_whatever_their_partitions_and_also_alone() -> None:
    older = [*files(30, 200, partition=(1,)), *files(60, partition=(2,), first=2), *files(70, first=3)]
    bins = plan_moves(older, 100)
    assert sizes(bins) == [[30, 60], [70]]
    assert all(bin_.moves for bin_ in bins)
    assert plan_moves([], 100) == ()


def test_a_file_that_dwarfs_the_rest_of_its_bin_is_not_written_again() -> None:
    assert sizes(plan_bins(files(60, 1, 1), 100)) == [[1, 1]]
    assert plan_bins(files(60, 1), 100) == ()
    assert sizes(plan_bins(files(60, 15), 100)) == [[60, 15]]


def test_a_file_with_deletes_is_written_again_by_itself_however_large() -> None:
    deleted = LiveFile("a", 1, 500, deletes=(("d", 0),))
    assert plan_bins([deleted], 100)[0].paths == ("a",)


def test_a_table_that_grows_a_little_every_day_is_not_written_as_a_whole_every_day() -> None:
    live, written = [1] * 4, 0
    for _day in range(200):
        live.append(1)
        for bin_ in plan_bins(files(*live), 1000):
            together = [item.size_bytes for item in bin_.files]
            written += sum(together)
            for size in together:
                live.remove(size)
            live.insert(0, sum(together))
    assert sum(live) == 204
    assert len(live) < 10
    assert written < 204 * 8
