"""What the phone says, in Chinese and English, from the one catalogue `messages.json`."""

import json
import os
from pathlib import Path

from gridfold import Locale, locale_from_tag

_CATALOGUE: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "messages.json").read_text(encoding="utf-8")
)


def language(given: str | None) -> Locale:
    """The language of `--lang`, or of the terminal; Chinese when it names none of ours."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    tag = given or next((os.environ[n] for n in names if os.environ.get(n)), "")
    return locale_from_tag(tag)


class Texts:
    """Gives the text of a key in one language."""

    def __init__(self, locale: Locale) -> None:
        self.locale = locale
        self._language = "zh" if locale == Locale.ZH else "en"

    def __call__(self, key: str, **values: object) -> str:
        return _CATALOGUE[key][self._language].format(**values)

    def has(self, key: str) -> bool:
        """Whether the catalogue has a key."""
        return key in _CATALOGUE
