"""Configuration: `thunes.toml`, environment and `.env` as one model, and all faults at once."""

from thunes.config.loading import load_config
from thunes.config.relations import limits_of
from thunes.config.tables import Config
from thunes.config.writing import default_text

__all__ = ["Config", "default_text", "limits_of", "load_config"]
