"""Where the repository stands, for tests that read its files from any depth of folders."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
