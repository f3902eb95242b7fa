"""The platform of one stack: read its settings, declare it, export what others need to know."""

import gc

gc.disable()  # all that is made here lives as long as the run: looking for what does not costs a seventh of a preview

from infra import config_loader, outputs, platform  # noqa: E402

outputs.export(platform.build(config_loader.load()))
