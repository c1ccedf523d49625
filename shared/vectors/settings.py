"""Where vectors are kept and which model makes them, from the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

EmbedderChoice = Literal["auto", "openai", "fastembed", "hashing"]


class VectorSettings(BaseSettings):
    """Vector settings: `DOSO_*`, and `OPENAI_API_KEY` and `FASTEMBED_CACHE_PATH` under their usual names."""

    model_config = SettingsConfigDict(env_prefix="DOSO_", extra="ignore", populate_by_name=True)

    qdrant_url: str | None = None
    qdrant_api_key: SecretStr | None = None
    vectors_path: Path | None = None
    vectors_collection: str = Field(default="doso", pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    vectors_search_timeout_seconds: float = Field(default=0.3, gt=0)
    vectors_write_timeout_seconds: float = Field(default=10.0, gt=0)
    vectors_breaker_failures: int = Field(default=3, ge=1)
    vectors_breaker_cooldown_seconds: float = Field(default=10.0, gt=0)

    embedder: EmbedderChoice = "auto"
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")
    openai_embedding_model: str = "text-embedding-3-small"
    openai_embedding_dimension: int = Field(default=512, ge=32, le=3072)
    openai_timeout_seconds: float = Field(default=10.0, gt=0)
    fastembed_model: str = "BAAI/bge-small-en-v1.5"
    fastembed_cache: Path | None = Field(default=None, validation_alias="FASTEMBED_CACHE_PATH")
