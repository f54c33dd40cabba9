"""From files to cases: one reader a format, found by name. Nothing of a format is imported before its source is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, cast

from medq_gen.errors import ConfigError
from medq_gen.sources.source import LoadedCase, Picture, Source

__all__ = ["SOURCES", "LoadedCase", "Picture", "Source", "make"]

Factory = Callable[[Mapping[str, Any]], Source]  # Any: option values as YAML or the command line gave them


def _later(module: str, name: str) -> Factory:
    """A source class that is imported when the first source of its kind is made."""

    def factory(options: Mapping[str, Any]) -> Source:
        made = getattr(import_module(module), name)
        return cast(Source, made(made.read_options(options)))

    return factory


SOURCES: Mapping[str, Factory] = MappingProxyType(
    {
        "sample": _later("medq_gen.sources.sample", "SampleSource"),
        "dicom": _later("medq_gen.sources.dicom", "DicomSource"),
        "nifti": _later("medq_gen.sources.volumes", "VolumeSource"),
        "images": _later("medq_gen.sources.images", "ImageSource"),
        "kspace": _later("medq_gen.sources.kspace", "KspaceSource"),
        "projections": _later("medq_gen.sources.projections", "ProjectionSource"),
        "manifest": _later("medq_gen.sources.manifest", "ManifestSource"),
    }
)


def make(name: str, options: Mapping[str, Any]) -> Source:
    """The source of a name with its options (the keys below `source.`; a `name` among them is allowed and ignored).

    Raises
        ConfigError: no such source, an unknown or wrong option, or a path that is not there.
    """
    if name not in SOURCES:
        raise ConfigError(f"source={name}: no such source; allowed: {', '.join(SOURCES)}. Choose one with source=<name>")
    return SOURCES[name]({key: value for key, value in options.items() if key != "name"})
