"""Makes the wheel with nothing but the standard library (PEP 517 and 660).

The package is plain Python: a wheel is a zip of it with three small files.
"""
import base64
import hashlib
import os
import re
import zipfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _project(key):
    with open(os.path.join(HERE, "pyproject.toml"), encoding="utf-8") as file:
        return re.search(rf'^{key} = "(.*)"$', file.read(), re.MULTILINE).group(1)


def _stem():
    return f"{_project('name')}-{_project('version')}"


def _metadata():
    with open(os.path.join(HERE, "pyproject.toml"), encoding="utf-8") as file:
        text = file.read()
    extras = re.search(r"^\[project\.optional-dependencies\]\n(.*)", text, re.MULTILINE | re.DOTALL)
    lines = ["Metadata-Version: 2.1", f"Name: {_project('name')}", f"Version: {_project('version')}",
             f"Summary: {_project('description')}", f"Requires-Python: {_project('requires-python')}",
             f"License: {_project('license')}"]
    for name, words in re.findall(r"^(\w+) = \[(.*)\]$", extras.group(1) if extras else "", re.M):
        lines.append(f"Provides-Extra: {name}")
        for word in re.findall(r'"([^"]+)"', words):
            lines.append(f'Requires-Dist: {word}; extra == "{name}"')
    return "\n".join(lines) + "\n"


def _write(directory, files):
    """A wheel of these files {path in it: content}; its name."""
    info = f"{_stem()}.dist-info"
    files = {**files, f"{info}/METADATA": _metadata().encode(),
             f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: balsam\nRoot-Is-Purelib: true\n"
                              b"Tag: py3-none-any\n"}
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()}"
        f",{len(content)}\n" for path, content in files.items())
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    name = f"{_stem()}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            # A fixed time, so that equal sources give equal wheels.
            wheel.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), content)
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = {}
    for directory, folders, names in os.walk(os.path.join(HERE, "balsam")):
        folders[:] = sorted(each for each in folders if each != "__pycache__")
        for name in sorted(names):
            if name.endswith((".py", ".typed")):
                path = os.path.join(directory, name)
                with open(path, "rb") as file:
                    files[os.path.relpath(path, HERE)] = file.read()
    return _write(wheel_directory, files)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _write(wheel_directory, {"balsam-editable.pth": (HERE + "\n").encode()})


def build_sdist(sdist_directory, config_settings=None):
    import tarfile

    name = f"{_stem()}.tar.gz"
    with tarfile.open(os.path.join(sdist_directory, name), "w:gz") as archive:
        for part in ("pyproject.toml", "README.md", "build_backend", "balsam"):
            archive.add(os.path.join(HERE, part), f"{_stem()}/{part}",
                        filter=lambda each: None if "__pycache__" in each.name else each)
    return name
