"""The settings of one deployment: every problem with them at once, or what the program may rely on.

Which there are is `infra.setting_fields`, what a value must look like is `infra.formats`, which fit together is
`infra.constraints`, how they come from the stack's configuration is `infra.config_loader`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from infra.constraints import broken_constraints
from infra.formats import build_region_near
from infra.setting_fields import SettingFields, config_key

NAMESPACE = "dicom-platform"
PLACEHOLDERS = {"gcp:project": "not-set", "environment": "dev"}
"""Stand in for the two settings without a default while the others are looked at; no constraint ever sees them."""


class Settings(SettingFields):
    """What `infra` builds from. Raises one `ValidationError` for wrong values and for what contradicts."""

    @model_validator(mode="wrap")
    @classmethod
    def _validate_all(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Pydantic asks nothing more of a model in which a value is wrong; here the other constraints still are."""
        if isinstance(data, cls):
            return data
        given: Mapping[str, Any] = {cls._key(name): value for name, value in data.items()}
        errors: list[InitErrorDetails] = []
        try:
            settings = handler(given)
        except ValidationError as invalid:
            errors = [_again(error) for error in invalid.errors()]
            wrong = {str(error["loc"][0]) for error in invalid.errors()}
            settings = handler(PLACEHOLDERS | {key: given[key] for key in given.keys() - wrong})
            for name in cls.model_fields:
                if config_key(name) in wrong:
                    object.__delattr__(settings, name)  # as the model is frozen
        for broken in broken_constraints(settings):
            message = PydanticCustomError("conflict", "{sentence}", {"sentence": f"{broken.rule}; {broken.remedy}"})
            key = config_key(broken.blames)
            errors.append({"type": message, "loc": (key,), "input": given.get(key, getattr(settings, broken.blames))})
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return settings

    @classmethod
    def _key(cls, name: str) -> str:
        return config_key(name) if name in cls.model_fields else name

    @property
    def region_of_builds(self) -> str:
        return self.build_region or build_region_near(self.location)

    @property
    def protected(self) -> bool:
        return self.protection == "on"

    @property
    def site(self) -> str:
        return self.viewer_site or f"{self.project}-viewer"

    @property
    def delivers_viewer_image(self) -> bool:
        """Whether a delivery builds the image that serves the viewer."""
        return self.viewer_host == "cloud_run" and self.viewer_image == "cloud_build"

    @property
    def site_for_previews(self) -> str:
        return self.preview_site or f"{self.project}-preview"


def _again(error: Any) -> InitErrorDetails:
    """An error as it was raised, to be raised once more with others."""
    kept: InitErrorDetails = {"type": error["type"], "loc": error["loc"], "input": error["input"]}
    if error["type"] in ("format", "list", "repetition", "switch"):
        kept["type"] = PydanticCustomError(error["type"], "{sentence}", {"sentence": error["msg"]})
    elif "ctx" in error:
        kept["ctx"] = error["ctx"]
    return kept
