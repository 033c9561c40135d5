package leaktest

import (
	"context"
	"fmt"
	"sort"
	"time"

	"pitwall"
)

// leak is planted in a world to show that the harness catches it.
type leak struct {
	name string
	what string
	do   func(w *pitwall.World, d Data)
}

// marketHook is a Market some of whose answers are changed.
type marketHook struct {
	pitwall.Market
	last   func(symbol string, b pitwall.Bar) pitwall.Bar
	bars   func(q pitwall.BarQuery, b []pitwall.Bar) []pitwall.Bar
	count  func(symbol string, n int) int
	digest func(s string) string
}

func (m marketHook) Last(ctx context.Context, symbol string) (pitwall.Bar, error) {
	b, err := m.Market.Last(ctx, symbol)
	if err == nil && m.last != nil {
		b = m.last(symbol, b)
	}
	return b, err
}

func (m marketHook) Bars(ctx context.Context, q pitwall.BarQuery) ([]pitwall.Bar, error) {
	b, err := m.Market.Bars(ctx, q)
	if err == nil && m.bars != nil {
		b = m.bars(q, b)
	}
	return b, err
}

func (m marketHook) Count(ctx context.Context, symbol string) (int, error) {
	n, err := m.Market.Count(ctx, symbol)
	if err == nil && m.count != nil {
		n = m.count(symbol, n)
	}
	return n, err
}

func (m marketHook) Digest() string {
	if m.digest != nil {
		return m.digest(m.Market.Digest())
	}
	return m.Market.Digest()
}

// series finds a symbol's whole history.
func (d Data) series(symbol string) *pitwall.Series {
	for _, s := range d.Series {
		if s.Instrument.Symbol == symbol {
			return s
		}
	}
	return &pitwall.Series{}
}

// after returns the k-th bar after now.
func (d Data) after(w *pitwall.World, symbol string, k int) (pitwall.Bar, bool) {
	s := d.series(symbol)
	i := s.KnownAt(w.Clock.Now().UnixNano()) + k
	if i >= s.Len() {
		return pitwall.Bar{}, false
	}
	return s.Bar(i), true
}

// hook is a leak through the market.
func hook(name, what string, change func(w *pitwall.World, d Data, m *marketHook)) leak {
	return leak{name, what, func(w *pitwall.World, d Data) {
		m := &marketHook{Market: w.Market}
		change(w, d, m)
		w.Market = *m
	}}
}

// tomorrow is a leak that changes the newest bar by the next one.
func tomorrow(name, what string, change func(b *pitwall.Bar, next pitwall.Bar)) leak {
	return hook(name, what, func(w *pitwall.World, d Data, m *marketHook) {
		m.last = func(symbol string, b pitwall.Bar) pitwall.Bar {
			if next, ok := d.after(w, symbol, 0); ok {
				change(&b, next)
			}
			return b
		}
		m.bars = func(q pitwall.BarQuery, list []pitwall.Bar) []pitwall.Bar {
			if next, ok := d.after(w, q.Symbol, 0); ok && len(list) > 0 && q.Size == 0 {
				change(&list[len(list)-1], next)
			}
			return list
		}
	})
}

func marketLeaks() []leak {
	return []leak{
		tomorrow("next close as last price", "the last price is the next bar's close", func(b *pitwall.Bar, next pitwall.Bar) { b.Close = next.Close }),
		tomorrow("day's close during the day", "the forming bar's close, stamped with its start", func(b *pitwall.Bar, next pitwall.Bar) {
			b.Start, b.Close = next.Start, next.Close
		}),
		tomorrow("high of the forming bar", "a high that holds the next bar's", func(b *pitwall.Bar, next pitwall.Bar) { b.High = max(b.High, next.High) }),
		tomorrow("volume of the whole day", "a volume that holds the next bar's", func(b *pitwall.Bar, next pitwall.Bar) { b.Volume += next.Volume }),
		tomorrow("centred average", "a smoothing whose window is centred", func(b *pitwall.Bar, next pitwall.Bar) { b.Close = (b.Close + next.Close) / 2 }),
		tomorrow("gap filled backward", "a missing volume filled from the next bar", func(b *pitwall.Bar, next pitwall.Bar) { b.Volume = next.Volume }),
		hook("bar stamped at its start", "a bar counts from its start", func(w *pitwall.World, d Data, m *marketHook) {
			m.count = func(symbol string, n int) int {
				if next, ok := d.after(w, symbol, 0); ok && next.Start.Sub(w.Clock.Now()) < 24*time.Hour {
					n++
				}
				return n
			}
		}),
		hook("bars one too many", "the list of bars ends with the next one", func(w *pitwall.World, d Data, m *marketHook) {
			m.bars = func(q pitwall.BarQuery, list []pitwall.Bar) []pitwall.Bar {
				if next, ok := d.after(w, q.Symbol, 0); ok {
					list = append(list, next)
				}
				return list
			}
		}),
		hook("spare slice capacity", "the future lies behind the length of a slice", func(w *pitwall.World, d Data, m *marketHook) {
			m.bars = func(q pitwall.BarQuery, list []pitwall.Bar) []pitwall.Bar {
				if next, ok := d.after(w, q.Symbol, 0); ok {
					n := len(list)
					list = append(list, next)[:n]
				}
				return list
			}
		}),
		hook("splits of tomorrow", "adjusted for splits that come later", func(_ *pitwall.World, d Data, m *marketHook) {
			m.bars = func(q pitwall.BarQuery, list []pitwall.Bar) []pitwall.Bar {
				if q.Adjusted == "" {
					return list
				}
				for _, a := range d.Actions {
					if a.Symbol == q.Symbol && a.Type == "split" {
						for i := range list {
							list[i].Close = list[i].Close * pitwall.One / a.Value
						}
					}
				}
				return list
			}
		}),
		hook("dividends of tomorrow", "adjusted for dividends that come later", func(_ *pitwall.World, d Data, m *marketHook) {
			m.bars = func(q pitwall.BarQuery, list []pitwall.Bar) []pitwall.Bar {
				for _, a := range d.Actions {
					for i := range list {
						if a.Symbol == q.Symbol && a.Type == "dividend" && q.Adjusted != "" && list[i].Start.Before(a.Ex) {
							list[i].Open -= a.Value
						}
					}
				}
				return list
			}
		}),
		hook("unfinished week", "a larger bar that is made of days to come", func(w *pitwall.World, d Data, m *marketHook) {
			m.bars = func(q pitwall.BarQuery, list []pitwall.Bar) []pitwall.Bar {
				if next, ok := d.after(w, q.Symbol, 2); ok && q.Size > 0 && len(list) > 0 {
					list[len(list)-1].Close = next.Close
				}
				return list
			}
		}),
		hook("scaled by the whole sample", "volumes as shares of the maximum of all time", func(_ *pitwall.World, d Data, m *marketHook) {
			m.bars = func(q pitwall.BarQuery, list []pitwall.Bar) []pitwall.Bar {
				most := 1.0
				for _, v := range d.series(q.Symbol).Volume {
					most = max(most, v)
				}
				for i := range list {
					list[i].Volume /= most
				}
				return list
			}
		}),
		hook("digest over everything", "the state digest covers bars to come", func(_ *pitwall.World, d Data, m *marketHook) {
			m.digest = func(s string) string { return s + fmt.Sprint(len(d.Series), d.Series[0].Len(), len(d.Records)) }
		}),
		leak{"unknown, not yet listed", "the error for a symbol says when it will list", func(w *pitwall.World, d Data) {
			w.Instruments = instrumentsHook{real: w.Instruments, one: func(i pitwall.Instrument, err error, symbol string) (pitwall.Instrument, error) {
				if s := d.series(symbol); err != nil && s.Len() > 0 {
					err = pitwall.Errorf(pitwall.UnknownSymbol, "%s lists on %s", symbol, s.Bar(0).Start.Format(time.DateOnly))
				}
				return i, err
			}}
		}},
	}
}

// instrumentsHook is an index of symbols that is changed.
type instrumentsHook struct {
	real pitwall.Instruments
	list func(list []pitwall.Instrument) []pitwall.Instrument
	one  func(i pitwall.Instrument, err error, symbol string) (pitwall.Instrument, error)
}

func (h instrumentsHook) Instruments() []pitwall.Instrument {
	if h.list != nil {
		return h.list(h.real.Instruments())
	}
	return h.real.Instruments()
}

func (h instrumentsHook) Instrument(symbol string) (pitwall.Instrument, error) {
	i, err := h.real.Instrument(symbol)
	if h.one != nil {
		return h.one(i, err, symbol)
	}
	return i, err
}

// brokerHook is a Broker that knows what comes.
type brokerHook struct {
	pitwall.Broker
	submit  func(o pitwall.Order, s pitwall.OrderState, err error) (pitwall.OrderState, error)
	account func(a pitwall.Account) pitwall.Account
	fills   func(list []pitwall.Fill) []pitwall.Fill
}

func (h brokerHook) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	s, err := h.Broker.Submit(ctx, o)
	if h.submit != nil {
		return h.submit(o, s, err)
	}
	return s, err
}

func (h brokerHook) Account(ctx context.Context, book string) (pitwall.Account, error) {
	a, err := h.Broker.Account(ctx, book)
	if h.account != nil && err == nil {
		a = h.account(a)
	}
	return a, err
}

func (h brokerHook) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	list, c, err := h.Broker.Fills(ctx, since)
	if h.fills != nil && err == nil {
		list = h.fills(list)
	}
	return list, c, err
}

func worldLeaks() []leak {
	return []leak{
		{"index of today's symbols", "the list of symbols holds those that list later", func(w *pitwall.World, d Data) {
			w.Instruments = instrumentsHook{real: w.Instruments, list: func([]pitwall.Instrument) []pitwall.Instrument {
				var all []pitwall.Instrument
				for _, s := range d.Series {
					all = append(all, s.Instrument)
				}
				return all
			}}
		}},
		{"survivors only", "symbols that end before the data do are not listed", func(w *pitwall.World, d Data) {
			end := int64(0)
			for _, s := range d.Series {
				end = max(end, s.Known[s.Len()-1])
			}
			w.Instruments = instrumentsHook{real: w.Instruments, list: func(list []pitwall.Instrument) (kept []pitwall.Instrument) {
				for _, i := range list {
					if s := d.series(i.Symbol); s.Known[s.Len()-1] == end {
						kept = append(kept, i)
					}
				}
				return kept
			}}
		}},
		{"halted before the fall", "a symbol may not be traded when its next bar falls", func(w *pitwall.World, d Data) {
			w.Instruments = instrumentsHook{real: w.Instruments, one: func(i pitwall.Instrument, err error, symbol string) (pitwall.Instrument, error) {
				if next, ok := d.after(w, symbol, 0); ok && next.Close < next.Open {
					i.Tradable = false
				}
				return i, err
			}}
		}},
		{"listed by what they will earn", "symbols come in the order of their next return", func(w *pitwall.World, d Data) {
			w.Instruments = instrumentsHook{real: w.Instruments, list: func(list []pitwall.Instrument) []pitwall.Instrument {
				gain := func(symbol string) float64 {
					next, _ := d.after(w, symbol, 0)
					return next.Close.Float() / max(next.Open.Float(), 1e-9)
				}
				sort.SliceStable(list, func(i, j int) bool { return gain(list[i].Symbol) > gain(list[j].Symbol) })
				return list
			}}
		}},
		{"filled on submission", "an order is answered with the price of its fill to come", func(w *pitwall.World, d Data) {
			w.Broker = brokerHook{Broker: w.Broker, submit: func(o pitwall.Order, s pitwall.OrderState, err error) (pitwall.OrderState, error) {
				if next, ok := d.after(w, o.Symbol, 0); ok && err == nil {
					s.AvgPrice = next.Open
				}
				return s, err
			}}
		}},
		{"losers are rejected", "an order that would lose is not taken", func(w *pitwall.World, d Data) {
			w.Broker = brokerHook{Broker: w.Broker, submit: func(o pitwall.Order, s pitwall.OrderState, err error) (pitwall.OrderState, error) {
				if next, ok := d.after(w, o.Symbol, 0); ok && (o.Side == pitwall.Buy) == (next.Close < next.Open) {
					return s, pitwall.Errorf(pitwall.BuyingPower, "not now")
				}
				return s, err
			}}
		}},
		{"losing day orders are rejected", "an order with a time in force is refused when it would lose", func(w *pitwall.World, d Data) {
			w.Broker = brokerHook{Broker: w.Broker, submit: func(o pitwall.Order, s pitwall.OrderState, err error) (pitwall.OrderState, error) {
				if next, ok := d.after(w, o.Symbol, 0); ok && o.TIF == pitwall.GTC && next.Close < next.Open {
					return s, pitwall.Errorf(pitwall.BuyingPower, "not now")
				}
				return s, err
			}}
		}},
		{"large losers are rejected", "an order of more than 5 units is refused when it would lose", func(w *pitwall.World, d Data) {
			w.Broker = brokerHook{Broker: w.Broker, submit: func(o pitwall.Order, s pitwall.OrderState, err error) (pitwall.OrderState, error) {
				if next, ok := d.after(w, o.Symbol, 0); ok && o.Qty > pitwall.Int(5) && next.Close < next.Open {
					return s, pitwall.Errorf(pitwall.BuyingPower, "not now")
				}
				return s, err
			}}
		}},
		{"a prompt that knows", "the strategy's text names a price to come", func(w *pitwall.World, d Data) {
			if next, ok := d.after(w, d.Series[0].Instrument.Symbol, 4); ok {
				w.Policy = fmt.Sprintf("hold at %v", next.Close)
			}
		}},
		{"a sector that knows", "an instrument's facts name its last bar", func(w *pitwall.World, d Data) {
			w.Instruments = instrumentsHook{real: w.Instruments, list: func(list []pitwall.Instrument) []pitwall.Instrument {
				for i := range list {
					list[i].Sector = fmt.Sprint(d.series(list[i].Symbol).Len())
				}
				return list
			}}
		}},
		{"equity at the next close", "the account is valued with a price to come", func(w *pitwall.World, d Data) {
			w.Broker = brokerHook{Broker: w.Broker, account: func(a pitwall.Account) pitwall.Account {
				if next, ok := d.after(w, d.Series[0].Instrument.Symbol, 0); ok {
					a.Equity += next.Close
				}
				return a
			}}
		}},
		{"filled in the past", "a fill is dated before its order", func(w *pitwall.World, _ Data) {
			w.Broker = brokerHook{Broker: w.Broker, fills: func(list []pitwall.Fill) []pitwall.Fill {
				for i := range list {
					list[i].Time = list[i].Time.AddDate(0, 0, -5)
				}
				return list
			}}
		}},
		{"warned of a split to come", "a warning about the data is there from the first day", func(w *pitwall.World, d Data) {
			for _, a := range d.Actions {
				w.Warnings = append(w.Warnings, pitwall.Warning{Text: fmt.Sprintf("%s: %s of %v", a.Symbol, a.Type, a.Value)})
			}
		}},
		{"warned of the end of data", "a warning tells how many bars there will be", func(w *pitwall.World, d Data) {
			w.Warnings = append(w.Warnings, pitwall.Warning{Text: fmt.Sprintf("%d bars of %s", d.Series[0].Len(), d.Series[0].Instrument.Symbol)})
		}},
	}
}
