package scripts

import (
	"encoding/csv"
	"strings"
)

// A script reads what a model reads: the text of results, never anything beside
// it, so that a recorded conversation gives the same reply as the first one did.
// Answers are lines of key=value and CSV blocks under "title: header".

// value returns the value of key in the lines of key=value.
func value(text, key string) string {
	for line := range strings.Lines(text) {
		for _, pair := range strings.Fields(line) {
			if k, v, ok := strings.Cut(pair, "="); ok && k == key {
				return v
			}
		}
	}
	return ""
}

// block returns the rows under "title: header", by column.
func block(text, title string) []map[string]string {
	_, rest, ok := strings.Cut("\n"+text, "\n"+title+": ")
	if !ok {
		return nil
	}
	header, body, _ := strings.Cut(rest, "\n")
	return table(header, body)
}

// query returns the rows of a SQL answer: "rows=... truncated=...", a header, rows.
func query(text string) []map[string]string {
	_, rest, ok := strings.Cut(text, " truncated=")
	if !ok {
		return nil
	}
	_, rest, _ = strings.Cut(rest, "\n")
	header, body, _ := strings.Cut(rest, "\n")
	return table(header, body)
}

// table reads CSV lines until one has another number of fields or is the title of
// the next block.
func table(header, body string) (list []map[string]string) {
	names := strings.Split(strings.TrimSpace(header), ",")
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return list
		}
		cells, err := strings.Split(line, ","), error(nil)
		if strings.Contains(line, `"`) {
			cells, err = csv.NewReader(strings.NewReader(line)).Read()
		}
		if err != nil || len(cells) != len(names) || strings.Contains(cells[0], ": ") {
			return list
		}
		row := make(map[string]string, len(names))
		for i, n := range names {
			row[n] = cells[i]
		}
		list = append(list, row)
	}
	return list
}
