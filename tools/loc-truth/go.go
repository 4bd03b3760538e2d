// Code lines of Go files by Go's own scanner: one path a line on standard input, a path and a number a line on
// standard output. Files that it does not read without an error are left out.
package main

import (
	"bufio"
	"fmt"
	"go/scanner"
	"go/token"
	"os"
	"strings"
)

func main() {
	paths := bufio.NewScanner(os.Stdin)
	for paths.Scan() {
		path := paths.Text()
		source, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		files := token.NewFileSet()
		file := files.AddFile(path, -1, len(source))
		wrong := false
		var tokens scanner.Scanner
		tokens.Init(file, source, func(token.Position, string) { wrong = true }, 0)
		lines, last := 0, 0
		for {
			at, kind, text := tokens.Scan()
			if kind == token.EOF {
				break
			}
			if kind == token.SEMICOLON && text == "\n" {
				continue
			}
			// Without //line directives, which move positions.
			first := file.PositionFor(at, false).Line
			end := first + strings.Count(text, "\n")
			if kind == token.STRING && text[0] == '`' {
				// The scanner drops carriage returns, not line feeds.
				end = first + strings.Count(text, "\n")
			}
			if first <= last {
				first = last + 1
			}
			if end >= first {
				lines += end - first + 1
				last = end
			}
		}
		if !wrong {
			fmt.Printf("%s\t%d\n", path, lines)
		}
	}
}
