"""The platform of one stack: read its settings, declare it, export what others need to know."""

from infra import config_loader, outputs, platform

outputs.export(platform.build(config_loader.load()))
