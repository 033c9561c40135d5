package engine

import (
	"time"

	"pitwall"
)

// sessions finds the session of orders that can trade in this step for the
// first time. It runs before anything of the step is published, so it reads
// this step's bars and never later ones.
func (e *Engine) sessions(hits []hit) {
	keep := e.unscheduled[:0]
	for _, slot := range e.unscheduled {
		n := &e.orders[slot]
		if n.num < 0 || n.TIF != Day && n.TIF != CLS || n.expiresAt != 0 {
			continue
		}
		if n.expiresAt = e.session(n, hits); n.expiresAt == 0 && e.when >= n.active+e.grace(n.Sym) {
			n.expiresAt = n.active + e.grace(n.Sym) // no session came: its symbol has ended
		}
		if n.expiresAt == 0 {
			keep = append(keep, slot)
			continue
		}
		e.alarms.push(alarm{n.expiresAt + e.d.cols[n.Sym].lag, slot, n.num})
	}
	e.unscheduled = keep
}

// grace is how long an order may wait for a session that does not come.
func (e *Engine) grace(sym int32) int64 { return int64(max(7*24*time.Hour, 2*e.d.cols[sym].Size)) }

// session is the close of the session in which an order can first trade: by its
// own bar, or, when its symbol is missing, by another of the same kind of bars.
func (e *Engine) session(n *order, hits []hit) int64 {
	own := &e.d.cols[n.Sym]
	other := int64(0)
	for _, h := range hits {
		c := &e.d.cols[h.sym]
		early := c.Start[h.bar] < n.active
		if h.sym == n.Sym {
			if early {
				return 0
			}
			return e.sessionClose(h.sym, h.bar)
		}
		if early {
			continue
		}
		if other == 0 && c.Size == own.Size && c.Instrument.Calendar == own.Instrument.Calendar && c.Instrument.Location().String() == own.Instrument.Location().String() {
			other = e.sessionClose(h.sym, h.bar)
		}
	}
	return other
}

// sessionClose is when the session of a bar closes: a daily bar's own end.
func (e *Engine) sessionClose(sym, bar int32) int64 {
	c, y := &e.d.cols[sym], &e.syms[sym]
	if c.Size >= 24*time.Hour {
		return c.End[bar]
	}
	if y.closeDay != c.day[bar] || c.Start[bar] >= y.closeAt {
		y.closeDay, y.closeAt = c.day[bar], c.Instrument.SessionClose(time.Unix(0, c.Start[bar])).UnixNano()
	}
	return y.closeAt
}

// expire ends orders whose time is up at an instant.
func (e *Engine) expire(at int64) {
	for len(e.alarms) > 0 && e.alarms[0].at <= at {
		a := e.alarms.pop()
		n := &e.orders[a.slot]
		if n.num != a.num || n.expiresAt == 0 || n.expiresAt+e.d.cols[n.Sym].lag != a.at {
			continue // it ended before, or was given another end
		}
		s := Expired
		if n.TIF == CLS {
			s = Canceled // its close came without a fill
		}
		e.end(a.slot, s, nil)
	}
}

// progress says which bar of a symbol may be in progress at a time, or over and
// not known yet: its nominal start, and when it is known. 0, 0 = none.
func (e *Engine) progress(sym int32, at int64) (start, end int64) {
	c, y := &e.d.cols[sym], &e.syms[sym]
	in := c.Instrument
	now := time.Unix(0, at)
	day := in.Day(now)
	open, closes, ok := in.Session(day)
	switch {
	case c.Size == pitwall.OneWeek:
		if open, closes, ok = in.Week(day); ok && !now.After(open) { // a week before its first session
			open, closes, ok = in.Week(day.AddDate(0, 0, -7))
		}
		if ok {
			return unknown(open.UnixNano(), closes.UnixNano()+c.lag, at)
		}
	case c.Size == pitwall.OneMonth:
		if open, closes, ok = in.Month(day); ok && !now.After(open) {
			open, closes, ok = in.Month(day.AddDate(0, 0, -day.Day()))
		}
		if ok {
			return unknown(open.UnixNano(), closes.UnixNano()+c.lag, at)
		}
	case c.Size >= 24*time.Hour && in.Calendar == pitwall.AlwaysOpen:
		if !now.After(open) {
			open, closes = open.AddDate(0, 0, -1), open
		}
		return unknown(open.UnixNano(), closes.UnixNano()+c.lag, at)
	case c.Size >= 24*time.Hour:
		if ok {
			return unknown(open.UnixNano(), closes.UnixNano()+c.lag, at)
		}
	case y.bar >= 0:
		base, size := c.Start[y.bar], int64(c.Size)
		if in.Calendar != pitwall.AlwaysOpen {
			if c.day[y.bar] != dayOf(in, at) {
				base = open.UnixNano()
			}
			if !ok || at <= base || at >= in.SessionClose(time.Unix(0, base)).UnixNano()+c.lag {
				return 0, 0
			}
		}
		start = base + (at-1-base)/size*size // the latest slot that began before
		if pause, resumes := in.Break(day); in.Calendar != pitwall.AlwaysOpen && !pause.IsZero() && base < resumes.UnixNano() && start >= pause.UnixNano() {
			if base = resumes.UnixNano(); at <= base {
				return 0, 0
			}
			start = base + (at-1-base)/size*size
		}
		return unknown(start, start+size+c.lag, at)
	}
	return 0, 0
}

// unknown is an interval if it holds the time inside it.
func unknown(start, end, now int64) (int64, int64) {
	if start < now && now < end {
		return start, end
	}
	return 0, 0
}

// underway reports whether an order may be filling in a bar in progress; the
// legs of an entry are as far as it is.
func (e *Engine) underway(n *order, at int64) bool {
	if n.status == Held && n.parent >= 0 {
		n = &e.orders[n.parent]
	}
	start, _ := e.progress(n.Sym, at)
	return start != 0 && n.status != Held && n.active <= start && (n.expiresAt == 0 || start < n.expiresAt) && n.Type != Pair
}
