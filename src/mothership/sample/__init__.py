"""The bundled sample: events as a fleet sends them, for the demo, the tests and the benchmarks."""
