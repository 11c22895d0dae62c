"""What is known about faults that do not end well in every examination, in plain words."""

from collections.abc import Mapping

WHY: Mapping[str, str] = {
    "padded-key": "the MES is put right by its owner and the two names are one again; messages about the name that "
    "never was stay dead until a person discards them, because nothing that was to be told is withdrawn by itself",
}
