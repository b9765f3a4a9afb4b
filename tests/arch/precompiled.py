"""Compile commands without their precompiled headers."""


def without_precompiled(words):
    """The command as if each source were compiled with its own includes alone."""
    words = [word for word in words if word not in ("-Winvalid-pch", "-fpch-instantiate-templates")]
    for flag in ("-include-pch", "-include"):
        while flag in words:
            at = words.index(flag)
            if words[at - 1] == "-Xclang":  # -Xclang FLAG -Xclang FILE
                del words[at - 1:at + 3]
            else:
                del words[at:at + 2]
    return words
