"""Which file system a folder lies on."""

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
# File systems of other machines, where locks or shared memory do not hold.
_REMOTE = re.compile(
    r"nfs\d?|cifs|smb\w*|9p|afs|ceph|glusterfs|lustre|gpfs|beegfs|ncpfs|vboxsf|davfs"
    r"|fuse\.(sshfs|smbnetfs|glusterfs|ceph\S*|davfs2?|rclone|s3fs|gcsfuse|blobfuse2?|vmhgfs\S*)"
)


def remote_kind(folder: Path, mounts: str | None = None) -> str | None:
    """Give the type of the network file system that holds a folder; None on a local disk.

    Args:
        folder: absolute, without links.
        mounts: what the system says of its mounts (`/proc/self/mounts`); where it says nothing,
            every disk counts as local.
    """
    if mounts is None:
        mounts = MOUNTS.read_text(errors="replace") if MOUNTS.exists() else ""
    best, kind = -1, ""
    for line in mounts.splitlines():
        _, point, found = line.split(" ")[:3]
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point)
        # A later mount on the same point hides the earlier one.
        if folder.is_relative_to(point) and len(point) >= best:
            best, kind = len(point), found
    return kind if _REMOTE.fullmatch(kind) else None
