#!/bin/sh
# Makes this release again in the folder that is given, and compares the checksums: sh make_again.sh FOLDER
# It needs the command journey: pip install 'journey-learning[train]' in these versions, or the repository's make .venv.
# Made by python 3.11, journey-learning 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, trl 1.16.0, safetensors 0.8.0, pyarrow 26.0.1; seeds 1.
# The same versions on the same kind of processor give the same bytes; another kind rounds otherwise.
set -e
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
journey run "$here"/recipe.yaml --out countdown
journey release countdown --to release --seed 1 --arm phase1 --arm shortcut --arm journey --dtype bfloat16
cd release
sha256sum --check --quiet "$here"/SHA256SUMS && echo "the same, byte for byte"
