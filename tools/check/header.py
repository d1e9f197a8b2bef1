"""The generated header is fresh and its parts keep their order; amalgamate.py knows the rules."""
import subprocess
import sys


def check(root):
    command = [sys.executable, str(root / "amalgamate.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True)
    return [(result.stderr + result.stdout).strip()] if result.returncode else []
