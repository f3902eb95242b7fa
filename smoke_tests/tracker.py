"""What this run has put into a store, recorded before it is sent, and its removal whatever happens."""

from __future__ import annotations

from dataclasses import dataclass, field

from smoke_tests.credentials import NoToken
from smoke_tests.dicomweb import GONE, DicomWeb, DicomwebRefused
from smoke_tests.http import Unreachable

PROBLEMS = (AssertionError, Unreachable, NoToken, DicomwebRefused)


@dataclass
class Tracker:
    """Studies in one store that this run answers for."""

    store: DicomWeb
    can_delete: bool
    seconds: float
    studies: list[str] = field(default_factory=list[str])

    def expect(self, study: str) -> None:
        """Call before sending anything of the study."""
        if study not in self.studies:
            self.studies.append(study)

    def note_absence(self, study: str) -> None:
        """Call when its absence was seen."""
        self.studies.remove(study)

    def clean_up(self) -> list[str]:
        """Delete what is left; one sentence for each study that could not be removed."""
        leaks: list[str] = []
        for study in list(self.studies):
            if not self.can_delete:
                continue
            try:
                remove(self.store, study, self.seconds)
                self.note_absence(study)
            except PROBLEMS as problem:
                leaks.append(f"study {study} is left in {self.store.root}: {problem}")
        return leaks


def remove(store: DicomWeb, study: str, seconds: float) -> None:
    """Delete a study if it is there, and see that it is gone. A search may lag behind, so it is deleted unseen too."""
    seen = bool(store.search("studies", StudyInstanceUID=study))
    answer = store.send("DELETE", f"studies/{study}")
    if answer.status in GONE and not seen:
        return
    store.finish_delete(answer, seconds)
    store.eventually(lambda: absent(store, study), f"the disappearance of study {study}", seconds)


def absent(store: DicomWeb, study: str) -> bool:
    """Neither found by a search nor retrievable."""
    if store.search("studies", StudyInstanceUID=study):
        return False
    answer = store.send("GET", f"studies/{study}/metadata")
    if answer.status in GONE or answer.status == 204:
        return True
    if answer.status == 200:
        return answer.body.strip() in (b"", b"[]")
    raise DicomwebRefused(str(answer))
