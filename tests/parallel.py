"""How a parallel run shares the tests out: those that use one heavy thing stay together in one process."""

from xdist.scheduler import LoadScopeScheduling

# What is shared -> what the path of a test that uses it holds. One Chromium and demo; one real Tryton.
SHARED = {"browser": "tests/browser/", "tryton": "tryton"}


class KeepTogether(LoadScopeScheduling):
    """Gives each test to whichever process is free, and all tests of a shared thing to the same one.

    pytest-xdist's own groups (`--dist loadgroup`) do nothing under pytest 9.2: they name a test by `_nodeid`."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return next((thing for thing, part in SHARED.items() if part in path), nodeid)
