"""The fixtures of pauta's test kit: `pauta_host`, `sample_calls`."""

pytest_plugins = ["pauta.testing.pytest_plugin"]
