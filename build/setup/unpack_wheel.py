"""Takes out of TensorFlow's Python wheels what the native binding needs, and checks every file against the wheel's own RECORD.

Usage: unpack_wheel.py requirements WHEEL         the nvidia-* wheels that this TensorFlow's CUDA build wants, one a line
       unpack_wheel.py unpack DIR WHEEL [WHEEL…]  libraries and C headers into DIR, laid out as pip would
"""

import base64
import hashlib
import os
import re
import sys
import zipfile

ROOT_HEADERS = [
    "tensorflow/c/c_api.h",
    "tensorflow/c/eager/c_api.h",
    "tensorflow/c/tf_datatype.h",
    "tensorflow/core/platform/ctstring_internal.h",
]


def requirements(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        for line in archive.read(name).decode("utf-8").split("\n"):
            found = re.match(r"Requires-Dist:\s*([^;]+);.*extra\s*==\s*['\"]and-cuda['\"]", line)
            if found:
                print(re.sub(r"[()\s]", "", found.group(1)))


def wanted(archive):
    names = set(archive.namelist())
    members = [n for n in names if re.fullmatch(r"tensorflow/libtensorflow_(cc|framework)\.(so\.2|2\.dylib)", n)]
    # CUDA's libraries and programs, without headers and static archives, which only its developers need.
    members += [n for n in names if n.startswith("nvidia/") and not n.endswith("/") and "/include/" not in n and not n.endswith(".a")]
    prefix = "tensorflow/include/"
    todo, seen = list(ROOT_HEADERS), set()
    while todo:
        header = todo.pop()
        if header in seen or prefix + header not in names:
            continue
        seen.add(header)
        text = archive.read(prefix + header).decode("utf-8", "replace")
        todo += re.findall(r'#\s*include\s*[<"]([^">]+)[">]', text)
    return members + [prefix + header for header in sorted(seen)]


def record(archive):
    name = next((n for n in archive.namelist() if n.endswith(".dist-info/RECORD")), None)
    digests = {}
    for line in archive.read(name).decode("utf-8").splitlines() if name else []:
        found = re.match(r'^"?(.*?)"?,sha256=([^,]+),', line)
        if found:
            digests[found.group(1)] = found.group(2)
    return digests


def unpack(target, wheels):
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            digests = record(archive)
            for member in wanted(archive):
                out = os.path.join(target, *member.split("/"))
                os.makedirs(os.path.dirname(out), exist_ok=True)
                digest = hashlib.sha256()
                with archive.open(member) as source, open(out, "wb") as sink:
                    while chunk := source.read(1 << 22):
                        digest.update(chunk)
                        sink.write(chunk)
                found = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
                if digests.get(member, found) != found:
                    sys.exit(f"{member} differs from the wheel's RECORD")
                if "/bin/" in member:
                    os.chmod(out, 0o755)


if __name__ == "__main__":
    if sys.argv[1] == "requirements":
        requirements(sys.argv[2])
    else:
        unpack(sys.argv[2], sys.argv[3:])
