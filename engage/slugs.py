"""Names as keys: the same for everybody who writes a name a little otherwise. Pure."""

import re
import unicodedata
from functools import lru_cache


@lru_cache(maxsize=1_000)  # a directory has many people and few names of groups
def slug_of(name: str) -> str:
    """ "Policy & Performance" is "policy-and-performance"; empty where no letter or digit of English is in it."""
    plain = unicodedata.normalize("NFKD", name.replace("&", " and ")).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))
