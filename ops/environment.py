# pyright: basic
"""Create .venv and install a lock file into it: `python3 ops/environment.py run|dev`; `readers`: into .venv-readers.

Written so that any Python can parse it: an old one must be able to say that it is too old.
"""

import os
import subprocess
import sys

OLDEST = (3, 11)
VENV = os.environ.get("VENV", ".venv")
READERS = ".venv-readers"
"""DICOM readers that nobody here wrote, for a test; kept apart, because what they need is theirs."""


def refuse(sentence):
    sys.stderr.write("environment: " + sentence + "\n")
    sys.exit(2)


def check_python():
    if sys.version_info < OLDEST:
        version = ".".join(str(part) for part in sys.version_info[:3])
        refuse(
            "Python %d.%d or newer is needed, this is %s (%s); say which one to use: make up PYTHON=python3.11"
            % (OLDEST[0], OLDEST[1], version, sys.executable)
        )


def create(folder):
    if os.path.exists(os.path.join(folder, "bin", "python")):
        return
    print("Creating %s with Python %d.%d ..." % (folder, sys.version_info[0], sys.version_info[1]))
    try:
        import venv

        venv.create(folder, with_pip=True, clear=True)
    except (ImportError, subprocess.CalledProcessError):
        refuse("this Python cannot make virtual environments; on Debian or Ubuntu: apt-get install python3-venv")


def install(name, folder):
    lock = os.path.join("requirements", name + ".txt")
    print("Installing %s (pinned, with hashes; a minute or two the first time) ..." % lock)
    pip = [os.path.join(folder, "bin", "python"), "-m", "pip", "install", "--disable-pip-version-check"]
    try:
        status = subprocess.call([*pip, "--quiet", "--require-hashes", "-r", lock])
    except KeyboardInterrupt:
        refuse("stopped by Ctrl-C; the same command goes on where this one ended")
    if status:
        refuse("pip could not install %s (its reason stands above); is the package index reachable?" % lock)
    for done in {"run": ["run"], "dev": ["run", "dev"], "readers": ["readers"]}[name]:
        with open(os.path.join(folder, ".installed-" + done), "w") as stamp:
            stamp.write(lock + "\n")


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["dev"], ["readers"]):
        refuse("say which lock file: python3 ops/environment.py run|dev|readers")
    check_python()
    into = READERS if sys.argv[1] == "readers" else VENV
    create(into)
    install(sys.argv[1], into)
