"""Unpacks what libtorch needs of one wheel: unpack.py WHEEL FOLDER HEADERS PATTERN...

Libraries that match a PATTERN go to FOLDER/lib; with HEADERS = torch, torch/include goes to FOLDER/include.
The wheel's checksum has been verified before.
"""
import fnmatch
import os
import shutil
import sys
import zipfile

wheel, folder, headers, *patterns = sys.argv[1:]
unmatched = set(patterns)


def place(member):
    parts = member.split("/")
    if headers == "torch" and parts[:2] == ["torch", "include"]:
        return os.path.join(folder, *parts[1:])
    if len(parts) > 2 and parts[-2] == "lib":
        matching = [pattern for pattern in patterns if fnmatch.fnmatchcase(parts[-1], pattern)]
        unmatched.difference_update(matching)
        if matching:
            return os.path.join(folder, "lib", parts[-1])
    return None


try:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            target = None if member.is_dir() else place(member.filename)
            if target is None:
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(member) as source, open(target, "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
    # Patterns with a star are a choice among spellings (.so, .so.1); the others name files that must be there.
    missing = sorted(pattern for pattern in unmatched if "*" not in pattern)
    if missing or len(unmatched) == len(patterns):
        sys.exit("no " + ", ".join(missing or patterns) + " in it")
except (OSError, zipfile.BadZipFile) as error:
    sys.exit(str(error))
