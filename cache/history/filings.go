package history

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// filing is a public disclosure of any form: trades of senators, representatives and
// insiders (4), holdings (13d, 13f), bills, contracts. It is known when it was accepted,
// or at the end of the day of filing, and about a day of its own or that day. What has no
// column of its own is kept as text.
func (l *loader) filing(t *table, i int) (r pitwall.Record, err error) {
	r = pitwall.Record{Kind: pitwall.Filing, ID: t.hash(i), Fields: map[string]string{}}
	of := func(names ...string) (text string) {
		for _, name := range names {
			text = cmp.Or(text, t.get(i, name))
		}
		return text
	}
	known := "filed_date"
	if t.get(i, "acceptance_datetime") != "" {
		known = "acceptance_datetime"
	}
	if r.Known, err = t.when(i, known, l.newYork); err != nil {
		return r, err
	}
	filed, err := parseStamp(t.get(i, "filed_date"), l.newYork)
	if err != nil {
		return r, t.bad(i, "filed_date", err)
	}
	if opens := filed.t.Add(6 * time.Hour); known == "acceptance_datetime" && r.Known.Before(filed.t) {
		r.Known = opens // accepted after the day's last hour: dated, and shown, on the next business day
	}
	if r.Event = filed.t; t.get(i, "transaction_date") != "" {
		if r.Event, err = t.date(i, "transaction_date", l.newYork); err != nil {
			return r, err
		}
	}
	r.Source, r.Text = of(filerColumns...), of("text", "description")
	ticker := strings.Join(strings.Fields(strings.TrimLeft(of("ticker", "symbol"), "- ")), " ") // forms say "--" for none
	if ticker != "" && ticker != "N/A" && !strings.Contains(ticker, " ") {
		r.Symbols = []string{ticker}
	}
	r.Title = cmp.Or(t.get(i, "title"), strings.TrimSpace(of("type", "form")+" "+ticker))
	for _, name := range t.header {
		name = strings.TrimSpace(name)
		if v := t.get(i, name); name == otherFields && strings.HasPrefix(v, "{") {
			if err := json.Unmarshal([]byte(v), &r.Fields); err != nil {
				return r, t.bad(i, name, err)
			}
		} else if v != "" && !slices.Contains(filingColumns, name) && !slices.Contains(filerColumns, name) {
			r.Fields[name] = v
		}
	}
	return r, nil
}

// filerColumns name who filed, the first that is not empty.
var filerColumns = []string{"filer", "senator", "representative"}

// filingColumns have a place of their own in a record.
var filingColumns = []string{"filed_date", "acceptance_datetime", "transaction_date", "ticker", "symbol", "title", "text", "description",
	"accession", "line"} // a filing's number, which tells rows apart
