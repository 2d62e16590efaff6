"""Names of clusters that a node gives itself."""

from streams.demo.broker.node import new_cluster_id


def test_cluster_ids_are_never_taken_for_an_option() -> None:
    """Kafka's format tool reads an id with a leading - as an option; one random id in 64 would have one."""
    ids = {new_cluster_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(each) == 22 and not each.startswith("-") for each in ids)
