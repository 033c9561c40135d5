package agentloop

import (
	"fmt"
	"strings"

	"pitwall"
)

// Price is what a model costs, in USD per million tokens.
type Price struct {
	In, Out               pitwall.Dec
	CacheRead, CacheWrite *pitwall.Dec // nil = as In
	ListOf                string       // date of the shipped price list; empty = stated by the strategy
}

// ParsePrices reads model=in/out[/cache_read[/cache_write]], in USD per million
// tokens, comma separated: PITWALL_PRICES.
func ParsePrices(text string) (map[string]Price, error) {
	table := map[string]Price{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		name, figures, ok := strings.Cut(item, "=")
		var list []*pitwall.Dec
		for f := range strings.SplitSeq(figures, "/") {
			d, err := pitwall.ParseDec(f)
			ok = ok && err == nil && d >= 0
			list = append(list, &d)
		}
		if n := len(list); !ok || n < 2 || n > 4 {
			return nil, pitwall.Errorf(pitwall.InvalidInput, "PITWALL_PRICES holds %q", item).Hintf("write openai/gpt-5-mini=0.25/2.00, in and out in USD per million tokens")
		}
		list = append(list, nil, nil)
		table[name] = Price{In: *list[0], Out: *list[1], CacheRead: list[2], CacheWrite: list[3]}
	}
	return table, nil
}

// Cost is the price of a usage, exact to 1e-8 USD (rounded half to even by
// [pitwall.Dec]). Cached tokens are a part of the input.
func (p Price) Cost(u Usage) (pitwall.Dec, error) {
	var c pitwall.Calc
	million := pitwall.Int(1_000_000)
	at := func(tokens int, price pitwall.Dec) pitwall.Dec {
		return c.MulDiv(pitwall.Int(int64(max(tokens, 0))), price, million)
	}
	read, write := p.In, p.In
	if p.CacheRead != nil {
		read = *p.CacheRead
	}
	if p.CacheWrite != nil {
		write = *p.CacheWrite
	}
	sum := at(u.Input-u.CacheRead-u.CacheWrite, p.In)
	for _, d := range []pitwall.Dec{at(u.CacheRead, read), at(u.CacheWrite, write), at(u.Output, p.Out)} {
		sum = c.Add(sum, d)
	}
	return sum, c.Err
}

// Budget limits the spending of an agent. A zero field is no limit.
type Budget struct {
	USD    pitwall.Dec // new money of a run: what was recorded costs nothing
	Tokens int         // new tokens of a run
	// USDPerTurn is a limit of the turn itself, recorded replies included: where a
	// turn ends must not depend on what happened to be recorded.
	USDPerTurn pitwall.Dec
}

func (b Budget) limitsMoney() bool { return b.USD > 0 || b.USDPerTurn > 0 }
func (b Budget) limits() bool      { return b.limitsMoney() || b.Tokens > 0 }

// ledger is what was spent.
type ledger struct {
	usd      pitwall.Dec
	usage    Usage
	tokens   int
	unpriced bool // a part of it has no known price
}

func (l *ledger) add(o ledger) error {
	var c pitwall.Calc
	l.usd, l.usage, l.tokens, l.unpriced = c.Add(l.usd, o.usd), l.usage.Add(o.usage), l.tokens+o.tokens, l.unpriced || o.unpriced
	return c.Err
}

// price is the cost of a usage as a ledger; the money is 0 where no price is known,
// and nothing that needs it may be asked then.
func (r *role) price(u Usage) (ledger, error) {
	out := ledger{usage: u, tokens: u.Input + u.Output}
	if r.Price == nil {
		out.usd, out.unpriced = u.USD, out.tokens > 0 && u.USD == 0
		return out, nil
	}
	var err error
	if out.usd, err = r.Price.Cost(u); err != nil {
		return out, fmt.Errorf("the cost of %d and %d tokens: %w", u.Input, u.Output, err)
	}
	return out, nil
}

// estimate returns what a request of n bytes may use at most: two thirds of a token per
// byte, since tables of dates and prices, most of what a trader reads, have about
// 1.7 bytes a token (English has 4); and all of the output that it may have.
func (r *role) estimate(n int) Usage {
	return Usage{Input: n*2/3 + 1, Output: r.MaxOutput, Estimated: true}
}

// refusal says why a call cannot be paid: whole ends the run, else the turn.
type refusal struct {
	whole bool
	text  string
}

func (r *refusal) Error() string { return r.text }

// afford refuses a call whose estimated worst case does not fit into what is left,
// before anything is asked.
func (a *agentState) afford(need, turn, recorded, lost ledger) error {
	b := a.Budget
	if !b.limits() {
		return nil
	}
	var c pitwall.Calc
	used := c.Add(turn.usd, recorded.usd)
	already := c.Add(c.Add(a.spent.usd, turn.usd), lost.usd) // failed attempts are no part of usd_per_turn: they would make two runs differ
	run, whole := c.Add(already, need.usd), c.Add(used, need.usd)
	if c.Err != nil {
		return c.Err
	}
	next := fmt.Sprintf("the next call may cost %v USD (%d tokens in, %d out)", need.usd, need.usage.Input, need.usage.Output)
	before := a.spent.tokens + turn.tokens + lost.tokens
	switch tokens := before + need.tokens; {
	case b.USD > 0 && run > b.USD:
		return &refusal{true, fmt.Sprintf("budget of %s: %v of %v USD is spent and %s", a.Name, already, b.USD, next)}
	case b.Tokens > 0 && tokens > b.Tokens:
		return &refusal{true, fmt.Sprintf("budget of %s: %d of %d tokens are used and the next call may need %d", a.Name, before, b.Tokens, need.tokens)}
	case b.USDPerTurn > 0 && whole > b.USDPerTurn && used == 0:
		return &refusal{true, fmt.Sprintf("budget of %s: usd_per_turn is %v and one call alone may cost more: %s; raise it or lower max_tokens", a.Name, b.USDPerTurn, next)}
	case b.USDPerTurn > 0 && whole > b.USDPerTurn:
		return &refusal{false, fmt.Sprintf("usd_per_turn of %s: %v of %v USD of this turn are used and %s", a.Name, used, b.USDPerTurn, next)}
	}
	return nil
}

// afford refuses a call that does not fit into what the role may cost in a turn. One
// that would not fit as the first either ends the run.
func (c *talk) afford(need ledger) error {
	if c.USDPerTurn == 0 {
		return nil
	}
	estimate := need.usage
	used, err := c.price(c.used)
	if err == nil {
		err = need.add(used)
	}
	if err != nil || need.usd <= c.USDPerTurn {
		return err
	}
	if used.usd == 0 { // no turn can do better
		return &refusal{true, fmt.Sprintf("budget of role %s: usd_per_turn is %v and one call alone may cost more: %v USD (%d tokens in, %d out); raise it or lower max_tokens", c.Name, c.USDPerTurn, need.usd, estimate.Input, estimate.Output)}
	}
	return &refusal{false, fmt.Sprintf("usd_per_turn of role %s: %v of %v USD are used and the next call may bring it to %v", c.Name, used.usd, c.USDPerTurn, need.usd)}
}

// near reports, once, that four fifths of a budget are used.
func (a *agentState) near() bool {
	b := a.Budget
	near := b.USD > 0 && a.spent.usd >= b.USD/5*4 || b.Tokens > 0 && a.spent.tokens >= b.Tokens/5*4
	if !near || a.warned {
		return false
	}
	a.warned = true
	return true
}
