"""A folder on this machine as a store of files."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from include.core.errors import SourceError
from include.extract.source_files import SourceFile, file_changed_error, file_missing_error


class LocalFolder:
    """Files are read where they are. A file is the same as long as its size, its time of change and its inode are."""

    is_partial = False

    def __init__(self, path: str) -> None:
        self._folder = Path(unquote(path)).absolute()
        self._states: dict[str, tuple[int, int, int]] = {}
        self.location = f"folder {self._folder}"
        if not self._folder.is_dir():
            raise SourceError(
                "the folder does not exist.",
                where=self.location,
                remedy="Fix the path of the connection subscribers_source.",
            )

    def names(self, start: str) -> list[str]:
        found = [*self._folder.glob(f"{start}*"), *self._folder.glob(f"{start}/**/*")]
        return [path.relative_to(self._folder).as_posix() for path in found if path.is_file()]

    def fetch(self, name: str, scratch: Path | None) -> SourceFile:  # noqa: ARG002  (the file is here already)
        self._states[name] = self._state(name)
        path = self._folder / name
        return SourceFile(name, path, str(path))

    def verify(self, name: str) -> None:
        if name in self._states and self._state(name) != self._states[name]:
            raise file_changed_error(str(self._folder / name))

    def _state(self, name: str) -> tuple[int, int, int]:
        try:
            found = (self._folder / name).stat()
        except FileNotFoundError:
            raise file_missing_error(str(self._folder / name)) from None
        return found.st_size, found.st_mtime_ns, found.st_ino
