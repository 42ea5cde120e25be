#!/bin/sh
# Puts Descent into the menu of this person, with its icon and its files: nothing is copied but
# small things below ~/.local, and no rights of an administrator are needed.
#
#   ./install.sh            Descent stays where this folder lies
#   ./install.sh --remove   takes all of it back; the folder and your runs stay
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
data=${XDG_DATA_HOME:-$HOME/.local/share}
commands=$HOME/.local/bin
share=$here/share

files="applications/descent.desktop mime/packages/descent.xml"
for icon in "$share"/icons/hicolor/*/apps/descent.* "$share"/icons/hicolor/*/mimetypes/*; do
    files="$files icons/hicolor/${icon#"$share"/icons/hicolor/}"
done

tell_desktop() {
    # Each is there on some desktops only; all of them look at the folders now and then anyway.
    for step in "update-mime-database $data/mime" "update-desktop-database -q $data/applications" \
        "gtk-update-icon-cache -q -t -f $data/icons/hicolor"; do
        if command -v "${step%% *}" >/dev/null 2>&1; then
            $step >/dev/null 2>&1 || true
        fi
    done
}

if [ "${1:-}" = "--remove" ]; then
    for file in $files; do
        rm -f "$data/$file"
    done
    for name in descent descent-cli; do
        if [ "$(readlink "$commands/$name" 2>/dev/null)" = "$here/$name" ]; then
            rm -f "$commands/$name"
        fi
    done
    tell_desktop
    echo "Descent is out of the menu. Its folder '$here' can be deleted; your runs lie elsewhere."
    exit 0
elif [ $# -gt 0 ]; then
    echo "Error: The only option is --remove. Received: $*" >&2
    exit 2
fi

case $here in
*[\"\`\$\\%]* | *"
"*)
    echo "Error: The name of this folder has a sign in it that a menu cannot hold: '$here'." >&2
    echo "  Move the folder to where \", \`, \$, \\ and % are in no name, and start this again." >&2
    exit 2
    ;;
esac

for file in $files; do
    mkdir -p "$data/$(dirname "$file")"
    cp "$share/$file" "$data/$file"
done
# The menu knows no folder but that of the system: the path is written out.
sed -e "s|^Exec=descent |Exec=\"$(printf %s "$here" | sed 's/[|&]/\\&/g')/descent\" |" \
    -e "s|^TryExec=.*|TryExec=$(printf %s "$here" | sed 's/[|&]/\\&/g')/descent|" \
    "$share/applications/descent.desktop" >"$data/applications/descent.desktop"

mkdir -p "$commands"
for name in descent descent-cli; do
    # A link into such a package, this one or an older one, is ours; anything else is not.
    target=$(readlink "$commands/$name" 2>/dev/null || true)
    if [ -n "$target" ] && [ -d "$(dirname "$target")/_internal" ]; then
        rm "$commands/$name"
    fi
    if [ -e "$commands/$name" ] || [ -L "$commands/$name" ]; then
        echo "'$commands/$name' is there already and stays as it is: it is not of this package."
    else
        ln -s "$here/$name" "$commands/$name"
    fi
done
tell_desktop
echo "Descent is in the menu, and opens files that end with .descent."
case :$PATH: in
*":$commands:"*) ;;
*) echo "For the commands, have '$commands' in PATH." ;;
esac
