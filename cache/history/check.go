package history

import (
	"cmp"
	"context"
	"errors"
	"sort"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

// checker reads every file leniently: nothing that is wrong stops it.
type checker struct {
	symbols []string // of files without a column of symbols
	out     Checked
	bars    []*checkedBars
	actions []checkedAction
	at      map[string]int          // file, rule and symbol -> finding
	kinds   map[string]pitwall.Kind // of instruments.csv
}

// checkedBars is one symbol of one file, in floats: they are compared, never
// traded on.
type checkedBars struct {
	file   string
	adj    pitwall.Adjustment
	symbol string
	crypto bool
	size   time.Duration
	raw    raw // while it is read
	series *pitwall.Series
	bars   []checkedBar
	byDay  map[string]int  // daily bars by date
	days   map[string]bool // dates with a bar of any size
	is     pitwall.Adjustment
}

type checkedBar struct {
	t              time.Time
	o, h, l, c     float64
	volume, adj    float64 // volume -1 = none, adj 0 = none
	text, cells    string  // timestamp and volume as written
	decimals, date bool    // the close has more than two decimals; a date
}

type checkedAction struct {
	file, symbol, kind string
	day                time.Time
	value              float64
}

// Check reads files and folders (with the folders in them) and reports what
// Load refuses, warns of or cannot see. Only a path that is not there is an
// error; everything else is a finding.
// symbols are those that files without a column of symbols may be of.
func Check(ctx context.Context, inputs []Input, symbols ...string) (*Checked, error) {
	c := &checker{symbols: symbols, at: map[string]int{}, kinds: map[string]pitwall.Kind{}}
	for _, in := range inputs {
		if in.Show == "" {
			in.Show = in.Path
		}
		files, err := list(in, true)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			c.file(ctx, f)
		}
	}
	for _, s := range c.bars {
		c.series(s)
	}
	c.spans()
	c.compare()
	sort.SliceStable(c.out.Findings, func(i, j int) bool { return c.out.Findings[i].File < c.out.Findings[j].File })
	return &c.out, nil
}

// file reads one file into what it is.
func (c *checker) file(ctx context.Context, in Input) {
	p, err := parseFile(ctx, in)
	c.out.Files++
	if err != nil {
		c.say(in.Show, "", "unreadable", err.Error(), "fix or remove the file")
		return
	}
	t := p.table
	c.out.Rows += len(t.rows)
	if len(t.rows) == 0 {
		c.say(in.Show, "", "no rows", strings.Join(t.header, ","), "remove the file, or see why it is empty")
	}
	defer c.loadError(in, t, len(c.out.Findings))
	switch kind := t.kind(); {
	case kind == "bars":
		adj, err := adjustment(in)
		if err != nil {
			c.say(in.Show, "", "sidecar", err.Error(), "write one line: adjusted: raw, split or total")
		}
		c.readBars(t, adj)
	case kind == "actions":
		c.readActions(t)
	case kind == "instruments":
		l := newLoader()
		if err := l.readInstruments(t); err != nil {
			c.say(in.Show, "", "unreadable", err.Error(), "fix the row")
		}
		for symbol, i := range l.instruments {
			c.kinds[symbol] = i.Kind
		}
	default:
		c.records(t)
	}
}

// loadError reports Load's error for a file in which nothing else was found that
// makes Load reject it.
func (c *checker) loadError(in Input, t *table, before int) {
	found, kind := Checked{Findings: c.out.Findings[before:]}, t.kind()
	if kind == "bars" || kind == "actions" || kind == "instruments" || kind == "unused" || found.Rejected() {
		return // read in full above
	}
	err := newLoader().readRecords(kind, t)
	if e, ok := errors.AsType[*pitwall.Error](err); ok {
		c.say(in.Show, "", "unreadable", e.Message, "fix the row: the backtest will reject this file")
	}
}

// say adds to a finding, or makes it. Three examples are kept.
func (c *checker) say(file, symbol, rule, example, do string) {
	c.sayN(file, symbol, rule, 1, example, do)
}

func (c *checker) sayN(file, symbol, rule string, n int, example, do string) {
	key := file + "\x00" + symbol + "\x00" + rule
	i, ok := c.at[key]
	if !ok {
		i = len(c.out.Findings)
		c.at[key] = i
		c.out.Findings = append(c.out.Findings, Finding{File: file, Symbol: symbol, Rule: rule, Do: do})
	}
	f := &c.out.Findings[i]
	f.Count += n
	if example != "" && len(f.Examples) < 3 {
		f.Examples = append(f.Examples, example)
	}
}

// readBars sorts rows into series; what cannot be read is a finding.
func (c *checker) readBars(t *table, adj pitwall.Adjustment) {
	l, bySymbol := newLoader(c.symbols...), map[string]*checkedBars{}
	if err := l.symbols(t); err != nil {
		c.say(t.name, "", "unreadable", err.Error(), "give the columns symbol,timestamp,open,high,low,close,volume")
		return
	}
	at, err := t.need(KindBars.header()...)
	if err != nil {
		c.say(t.name, "", "unreadable", err.Error(), "give the columns symbol,timestamp,open,high,low,close,volume")
		return
	}
	adjClose, hasAdj := t.col["adj_close"]
	for i, row := range t.rows {
		symbol := row[at[0]]
		s, ok := bySymbol[symbol]
		if !ok {
			s = &checkedBars{file: t.name, adj: adj, symbol: symbol, crypto: pair.MatchString(symbol), byDay: map[string]int{}, days: map[string]bool{}, is: adj}
			s.series = &pitwall.Series{Instrument: t.mapping.trades(l.instrument(symbol))}
			s.raw.series, s.raw.zone = s.series, s.series.Instrument.Location()
			bySymbol[symbol] = s
			c.bars = append(c.bars, s)
		}
		if err := l.readBar(t, &s.raw, i, at); err != nil {
			c.say(t.name, symbol, "unreadable", err.Error(), "fix the row: the backtest will reject this file")
			continue
		}
		x, k := s.raw.series, len(s.raw.starts)-1
		b := checkedBar{t: s.raw.start(k), date: s.raw.dates, o: x.Open[k].Float(), h: x.High[k].Float(), l: x.Low[k].Float(), c: x.Close[k].Float(),
			volume: x.Volume[k], text: row[at[1]], cells: row[at[6]]}
		if hasAdj {
			b.adj, _ = strconv.ParseFloat(row[adjClose], 64) // 0 = none
		}
		_, frac, _ := strings.Cut(row[at[5]], ".")
		b.decimals = len(strings.TrimRight(frac, "0")) > 2
		s.bars = append(s.bars, b)
	}
	for _, s := range bySymbol {
		s.raw = raw{} // its rows are bars now
		s.measure()
	}
	c.understood(t, adj, bySymbol)
}

// measure finds the usual distance between bars.
func (s *checkedBars) measure() {
	counts := map[time.Duration]int{}
	for i, b := range s.bars {
		s.days[b.t.Format(time.DateOnly)] = true
		if b.date {
			s.byDay[b.text] = i
		}
		if i > 0 && b.t.After(s.bars[i-1].t) {
			counts[b.t.Sub(s.bars[i-1].t)]++
		}
	}
	s.size, _ = usual(counts)
	if len(s.byDay) > 0 && s.size < 6*pitwall.OneDay {
		s.size = pitwall.OneDay
	}
}

// usual returns the key that is counted most, the smallest of several.
func usual[K cmp.Ordered](counts map[K]int) (key K, most int) {
	for k, n := range counts {
		if n > most || n == most && k < key {
			key, most = k, n
		}
	}
	return key, most
}

// readActions reads corporate actions.
func (c *checker) readActions(t *table) {
	at, err := t.need("symbol", "ex_date", "type", "value")
	if err != nil {
		return // kind() saw them
	}
	l := newLoader()
	seen := map[string]bool{}
	for i, row := range t.rows {
		symbol := row[at[0]]
		got, err := l.readAction(t, i, at)
		if err != nil {
			c.say(t.name, symbol, "unreadable", err.Error(), "fix the row: the backtest will reject this file")
			continue
		}
		kind := got.Type
		x := checkedAction{t.name, symbol, kind, calendarDay(got.Ex), got.Value.Float()}
		if got.Per > 0 {
			x.value /= got.Per.Float()
		}
		key := symbol + row[at[1]] + kind
		if seen[key] {
			c.say(t.name, symbol, "duplicate action", kind+" "+row[at[1]], "delete one row: both would be booked")
		}
		seen[key] = true
		switch kind {
		case "split", "dividend", "special_dividend", "coupon", "funding", "cash":
		default:
			c.say(t.name, symbol, "unknown action", kind+" "+row[at[1]], "a run over that day stops: use split, dividend, special_dividend, coupon, funding or cash")
		}
		if kind == "dividend" && got.Pay.IsZero() {
			c.say(t.name, symbol, "no pay date", row[at[1]], "the dividend is paid on the ex date; add pay_date if the delay matters")
		}
		if strings.Contains(t.get(i, "source"), "derived") {
			c.say(t.name, symbol, "derived amount", row[at[1]]+" "+row[at[3]], "computed from adjusted prices: good to about 0.001, small amounts may be missing")
		}
		c.actions = append(c.actions, x)
	}
}
