"""Faults of the catalogue that cannot happen here: number -> why not, in plain words."""

from collections.abc import Mapping

LEFT_OUT: Mapping[str, str] = {
    "11": "a stamp or filter as coarse as a day costs the tower nothing: it reads the whole grain again and tells what "
    "changed by content (tests/connectors/test_generic_poll.py: "
    "test_changes_within_the_grain_of_a_stamp_are_told_again_to_be_known_by_content)",
    "13": "the tower's watermark moves only in the transaction that stores the last page, so none can be passed "
    "(tests/pipeline/test_poll.py, test_a_page_that_fails_moves_no_watermark)",
    "76": "there is no connector for Sparkplug yet, so no birth or death certificate reaches the tower",
    "78": "there is no connector for MTConnect yet, so no agent can restart under the tower",
}
