"""The built-in stream of invented payments: seeded, with planted cases whose truth is written aside.

simulation = Simulation(seed=1, events=20_000, bad_share=0.01)
for record in simulation: ...
simulation.truth.lines()
"""

from streams.contracts.input_record import InputRecord
from streams.generator.simulation import Simulation
from streams.generator.truth import Truth

__all__ = ["InputRecord", "Simulation", "Truth"]
