"""Code lines of Python files by `tokenize`: one path a line on standard input, a path and a number a line on
standard output. Strings are code, documentation strings too. Files that it does not read are left out."""

import sys
import tokenize
import warnings

warnings.simplefilter("ignore")
NONE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}

for path in sys.stdin.read().splitlines():
    lines = set()
    try:
        with open(path, "rb") as source:
            for token in tokenize.tokenize(source.readline):
                if token.type == tokenize.ERRORTOKEN and not token.string.isspace():
                    raise SyntaxError(token.string)
                if token.type not in NONE and token.type != tokenize.ERRORTOKEN:
                    lines.update(range(token.start[0], token.end[0] + 1))
    except (SyntaxError, ValueError, OSError, tokenize.TokenError):
        continue
    print(f"{path}\t{len(lines)}")
