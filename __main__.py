"""The platform of one stack: read its settings, declare it, export what others need to know."""

from infra import outputs, platform, settings

outputs.export(platform.build(settings.load()))
