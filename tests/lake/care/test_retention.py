"""Which snapshots go: Iceberg's rules, and the layer's where the table says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from floe.lake.care.retention import Retention, layer_retention, overdue, plan_expiry, retention_of

DAY = 86_400_000
NOW = 100 * DAY


def table(ages: list[int], **refs: dict[str, Any]) -> dict[str, Any]:
    """A line of snapshots 1, 2, ... with ages in days, main at the last."""
    snapshots = [
        {
            "snapshot-id": number,
            "timestamp-ms": NOW - age * DAY,
            **({"parent-snapshot-id": number - 1} if number > 1 else {}),
        }
        for number, age in enumerate(ages, 1)
    ]
    main = {"snapshot-id": len(ages), "type": "branch"}
    return {"snapshots": snapshots, "current-snapshot-id": len(ages), "refs": {"main": main, **refs}}


def expired(metadata: dict[str, Any], days: int = 30, at_least: int = 1) -> list[int]:
    return list(plan_expiry(metadata, layer_retention(days, at_least), NOW).snapshot_ids)


def test_snapshots_older_than_the_retention_go() -> None:
    assert expired(table([60, 31, 30, 5, 0])) == [1, 2]


def test_the_latest_snapshots_stay_however_old() -> None:
    assert expired(table([90, 80, 70, 60]), at_least=3) == [1]
    assert expired(table([90, 80, 70, 60]), days=0, at_least=10) == []


def test_the_current_snapshot_always_stays() -> None:
    assert expired(table([90]), days=0) == []
    assert expired(table([90, 80]), days=0) == [1]


def test_a_tag_keeps_its_snapshot_and_a_branch_keeps_its_line() -> None:
    tag, branch = {"snapshot-id": 1, "type": "tag"}, {"snapshot-id": 3, "type": "branch", "min-snapshots-to-keep": 2}
    assert expired(table([90, 80, 70, 60, 0], year_end=tag)) == [2, 3, 4]
    assert expired(table([90, 80, 70, 60, 0], work=branch)) == [1, 4]


def test_a_branch_can_keep_its_snapshots_longer_than_the_table() -> None:
    branch = {"snapshot-id": 3, "type": "branch", "max-snapshot-age-ms": 85 * DAY}
    assert expired(table([90, 80, 70, 60, 0], work=branch)) == [1, 4]


def test_branches_and_tags_go_when_they_are_older_than_they_were_meant_to_get_but_never_main() -> None:
    old = {"snapshot-id": 1, "type": "tag", "max-ref-age-ms": 10 * DAY}
    metadata = table([90, 80], old=old, kept={"snapshot-id": 1, "type": "tag", "max-ref-age-ms": 99 * DAY})
    metadata["refs"]["main"]["max-ref-age-ms"] = 1
    assert plan_expiry(metadata, layer_retention(1, 1), NOW).refs == ("old",)
    assert expired(metadata) == []
    of_table = Retention(snapshot_age=0, snapshots=1, ref_age=50 * DAY)
    expiry = plan_expiry(table([90, 80], any={"snapshot-id": 1, "type": "tag"}), of_table, NOW)
    assert (expiry.refs, expiry.snapshot_ids) == (("any",), (1,))
    assert [update["action"] for update in expiry.updates()] == ["remove-snapshot-ref", "remove-snapshots"]


def test_snapshots_that_no_branch_leads_to_any_more_go_by_their_age() -> None:
    metadata = table([90, 40, 5, 0])
    metadata["snapshots"][3]["parent-snapshot-id"] = 1  # 2 and 3 were rolled back
    assert expired(metadata, at_least=5) == [2]


def test_the_table_own_properties_win_over_the_layer() -> None:
    own = {"history.expire.max-snapshot-age-ms": "5", "history.expire.min-snapshots-to-keep": "2"}
    assert retention_of(own, layer_retention(30, 10)) == Retention(5, 2)
    assert retention_of({"history.expire.max-ref-age-ms": "7"}, layer_retention(1, 3)) == Retention(DAY, 3, 7)
    assert retention_of({"history.expire.min-snapshots-to-keep": "0"}, layer_retention(1, 3)).snapshots == 1
    with pytest.raises(ValueError, match="invalid literal"):
        retention_of({"history.expire.max-snapshot-age-ms": "5 days"}, layer_retention(30, 10))


def test_a_table_without_snapshots_or_refs_has_nothing_to_expire() -> None:
    assert expired({}) == []
    bare = table([90, 80])
    del bare["refs"]
    assert expired(bare) == [1]


def test_a_publish_expires_only_when_a_hundred_snapshots_are_overdue() -> None:
    layer = layer_retention(30, 10)
    assert overdue(table([90] * 109), layer, NOW) == ()
    ((update),) = overdue(table([90] * 110), layer, NOW)
    assert update == {"action": "remove-snapshots", "snapshot-ids": list(range(1, 101))}
    assert overdue(table([5] * 500), layer, NOW) == ()
    held = {"properties": {"gc.enabled": "false"}}
    assert overdue({**table([90] * 200), **held}, layer, NOW) == ()
    wrong = {"properties": {"history.expire.min-snapshots-to-keep": "ten"}}
    assert overdue({**table([90] * 200), **wrong}, layer, NOW) == ()
