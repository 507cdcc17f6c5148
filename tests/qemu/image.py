"""What the guest boots from: a kernel, and a RAM disk that finds this machine's files."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.qemu.packages import UnfitMachine

_HERE = Path(__file__).parent
_FOLDERS = ("bin", "dev", "host", "modules", "proc", "root", "sys", "upper")
# In the order in which they are loaded; what each needs goes before it. The random number
# generators must be there before ecdh, or Bluetooth has no Secure Connections.
_MODULES = (
    *("virtio_pci", "9pnet_virtio", "9p", "overlay"),
    *("sha3_generic", "jitterentropy_rng", "sha512_generic", "ctr", "drbg", "ecdh_generic"),
    *("cmac", "ecb", "algif_hash", "algif_skcipher", "uhid", "bluetooth", "hci_vhci"),
)
_NEEDS = re.compile(rb"\0depends=([^\0]*)\0")


def kernel(root: Path) -> Path:
    """Give the kernel among the unpacked packages.

    Raises
    ------
    UnfitMachine
        If there is none.
    """
    found = sorted((root / "boot").glob("vmlinuz-*"))
    if not found:
        msg = f"no kernel was unpacked into {root / 'boot'}"
        raise UnfitMachine(msg)
    return found[-1]


def build_ram_disk(root: Path, folder: Path) -> Path:
    """Write the RAM disk; give its path."""
    tree, image = folder / "ram-disk", folder / "ram-disk.img"
    shutil.rmtree(tree, ignore_errors=True)
    for name in _FOLDERS:
        (tree / name).mkdir(parents=True)
    version = kernel(root).name.removeprefix("vmlinuz-")
    for number, module in enumerate(_in_order(root / "lib" / "modules" / version)):
        shutil.copy(module, tree / "modules" / f"{number:02}-{module.name}")
    busybox = root / "bin" / "busybox"
    shutil.copy(busybox, tree / "bin" / "busybox")
    shutil.copy(_HERE / "init.sh", tree / "init")
    (tree / "init").chmod(0o755)
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    with image.open("wb") as file:
        subprocess.run(
            [busybox, "cpio", "-o", "-H", "newc"],
            cwd=tree,
            input=names.encode(),
            stdout=file,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    return image


def _in_order(folder: Path) -> list[Path]:
    files = {_name(path): path for path in folder.rglob("*.ko")}
    order: list[Path] = []

    def add(name: str) -> None:
        module = files[name.replace("-", "_")]
        if module not in order:
            needs = _NEEDS.search(module.read_bytes())
            for needed in needs[1].decode().split(",") if needs and needs[1] else ():
                add(needed)
            order.append(module)

    for name in _MODULES:
        add(name)
    return order


def _name(path: Path) -> str:
    return path.stem.replace("-", "_")
