"""What a node is configured with, and that it can be overridden."""

from streams.demo.broker.configuration import server_properties


def test_the_configuration_can_be_overridden() -> None:
    """Each setting stands once, with the override's value."""
    text = server_properties(node=2, port=1, controller_port=3, voters={1: 5, 2: 3}, extra={"num.io.threads": "9"})
    lines = text.splitlines()
    assert "num.io.threads=9" in lines
    assert "controller.quorum.voters=1@127.0.0.1:5,2@127.0.0.1:3" in lines
    assert "auto.create.topics.enable=false" in lines
    assert len({line.split("=")[0] for line in lines}) == len(lines)
