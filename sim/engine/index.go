package engine

import (
	"math"
	"sort"

	"pitwall"
)

// index keeps the resting orders of one side and kind by price, the one that
// price meets first at the end.
type index struct {
	high bool // best = highest price
	list []entry
}

type entry struct {
	price pitwall.Dec
	slot  int32
}

// find returns where an entry of this price belongs: behind all that are worse.
func (x *index) find(price pitwall.Dec) int {
	if x.high {
		return sort.Search(len(x.list), func(i int) bool { return x.list[i].price >= price })
	}
	return sort.Search(len(x.list), func(i int) bool { return x.list[i].price <= price })
}

func (x *index) add(price pitwall.Dec, slot int32) {
	i := x.find(price)
	x.list = append(x.list, entry{})
	copy(x.list[i+1:], x.list[i:])
	x.list[i] = entry{price, slot}
}

func (x *index) remove(price pitwall.Dec, slot int32) {
	for i := x.find(price); i < len(x.list) && x.list[i].price == price; i++ {
		if x.list[i].slot == slot {
			x.list = append(x.list[:i], x.list[i+1:]...)
			return
		}
	}
	panic("engine: an order is missing from its index")
}

// top returns the best price, or one that no bar reaches.
func (x *index) top() pitwall.Dec {
	if n := len(x.list); n > 0 {
		return x.list[n-1].price
	}
	if x.high {
		return math.MinInt64
	}
	return math.MaxInt64
}

// best refreshes the prices that a bar is compared with.
func (y *symbol) best() {
	y.maxBuyLimit, y.maxSellStop, y.minSellLimit, y.minBuyStop = y.buyLimit.top(), y.sellStop.top(), y.sellLimit.top(), y.buyStop.top()
	y.always = int32(len(y.now) + len(y.trail))
}

// place returns the index and the price at which an order rests; nil if it rests in
// a list.
func (y *symbol) place(n *order) (*index, pitwall.Dec) {
	buy := n.Side == Buy
	switch {
	case n.TIF > GTD: // they have their one moment
	case n.Type == Limit || n.Type == StopLimit && n.triggered:
		if buy {
			return &y.buyLimit, n.Limit
		}
		return &y.sellLimit, n.Limit
	case (n.Type == Stop || n.Type == StopLimit) && !n.triggered:
		if buy {
			return &y.buyStop, n.trigger
		}
		return &y.sellStop, n.trigger
	}
	return nil, 0
}

// rest puts a live order where its symbol's bars will find it.
func (e *Engine) rest(slot int32) {
	n := &e.orders[slot]
	y := &e.syms[n.Sym]
	n.resting = true
	if x, price := y.place(n); x != nil {
		x.add(price, slot)
	} else if n.Type == Trailing && !n.triggered {
		y.trail = append(y.trail, slot)
	} else {
		y.now = append(y.now, slot)
	}
	y.best()
}

// lift takes an order out of where it rests, before its price or state changes.
func (e *Engine) lift(slot int32) {
	n := &e.orders[slot]
	if !n.resting {
		return
	}
	n.resting = false
	y := &e.syms[n.Sym]
	if x, price := y.place(n); x != nil {
		x.remove(price, slot)
	} else if n.Type == Trailing && !n.triggered {
		y.trail = without(y.trail, slot)
	} else {
		y.now = without(y.now, slot)
	}
	y.best()
}

func without(list []int32, slot int32) []int32 {
	for i, s := range list {
		if s == slot {
			return append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// gather collects the orders that a bar may fill. It may take too many, never
// too few; the moments decide.
func (e *Engine) gather(h hit) {
	y, c := &e.syms[h.sym], &e.d.cols[h.sym]
	low, high := c.Low[h.bar], c.High[h.bar]
	from := len(e.work)
	e.work = append(e.work, y.now...)
	e.work = append(e.work, y.trail...)
	for _, x := range [...]*index{&y.buyLimit, &y.sellStop} {
		for i := len(x.list) - 1; i >= 0 && x.list[i].price >= low; i-- {
			e.work = append(e.work, x.list[i].slot)
		}
	}
	for _, x := range [...]*index{&y.sellLimit, &y.buyStop} {
		for i := len(x.list) - 1; i >= 0 && x.list[i].price <= high; i-- {
			e.work = append(e.work, x.list[i].slot)
		}
	}
	for _, slot := range e.work[from:] {
		e.orders[slot].bar = h.bar
	}
}

// alarms is a heap of times at which orders end; stale entries are skipped when
// they come up.
type alarms []alarm

type alarm struct {
	at   int64
	slot int32
	num  int32
}

func (h *alarms) push(a alarm) {
	*h = append(*h, a)
	l := *h
	for i := len(l) - 1; i > 0; {
		up := (i - 1) / 2
		if !l[i].before(l[up]) {
			return
		}
		l[i], l[up] = l[up], l[i]
		i = up
	}
}

func (h *alarms) pop() alarm {
	l := *h
	top := l[0]
	last := len(l) - 1
	l[0] = l[last]
	l = l[:last]
	*h = l
	for i := 0; ; {
		k := 2*i + 1
		if k >= last {
			return top
		}
		if k+1 < last && l[k+1].before(l[k]) {
			k++
		}
		if !l[k].before(l[i]) {
			return top
		}
		l[i], l[k] = l[k], l[i]
		i = k
	}
}

func (a alarm) before(b alarm) bool { return a.at < b.at || a.at == b.at && a.num < b.num }
