<?php
// Code lines of PHP files by its own tokenizer: one path a line on standard input, a path and a number a line on standard
// output. Markup outside of the code counts where it is not blank.
while (($path = fgets(STDIN)) !== false) {
    $path = rtrim($path, "\n");
    $lines = [];
    $line = 1;
    foreach (token_get_all(file_get_contents($path)) as $token) {
        [$kind, $text] = is_array($token) ? $token : [0, $token];
        $parts = explode("\n", $text);
        $isNone = in_array($kind, [T_WHITESPACE, T_COMMENT, T_DOC_COMMENT], true);
        foreach ($parts as $n => $part) {
            // A token that ends with its line has nothing in the next one.
            $isLast = $n === count($parts) - 1;
            if (!$isNone && !($isLast && $part === "") && ($kind !== T_INLINE_HTML || trim($part) !== "")) {
                $lines[$line + $n] = true;
            }
        }
        $line += count($parts) - 1;
    }
    echo $path, "\t", count($lines), "\n";
}
