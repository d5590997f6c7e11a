"""Says in one line which packages are missing, where an import would end in a stack trace."""
import importlib.util
import sys


def need(*modules):
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"missing Python packages: {', '.join(missing)}; pip install -r scripts/train/requirements.txt")
