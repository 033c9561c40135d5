package driver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/tools/report"
)

// AblateConfig is what a desk is taken apart with. Run is as for [Run]; its Agents are not
// read, and Dir is a folder for the runs.
type AblateConfig struct {
	Run     Config
	Agents  func(*Strategy) ([]agentloop.Agent, error) // makes the agents of a variant ready
	Samples int                                        // runs of each variant: a script alone has one; 0 = 1
	Told    func(variant string)                       // before each run; may be nil
}

// Ablation is a desk beside itself without each of its parts.
type Ablation struct {
	Strategy string   `json:"strategy"`
	Samples  int      `json:"samples"`
	Horizon  int      `json:"horizon_bars"` // after which a moved decision is priced
	Base     Branch   `json:"base"`
	Parts    []Part   `json:"parts"`
	LeftOut  []string `json:"left_out"` // parts that are not taken out, with the reason
	Vetoes   []Veto   `json:"vetoes"`   // of the first sample of Base
}

// Branch is the runs of a variant.
type Branch struct {
	Name   string       `json:"name"`
	Return float64      `json:"total_return"` // mean over samples
	Orders float64      `json:"orders"`       // mean over samples
	USD    *pitwall.Dec `json:"cost_usd"`     // of all samples, recorded replies at what they once cost; null = not known

	runs []*Result
}

// Part is what a part of the desk was worth: the desk as it is less the desk without it.
type Part struct {
	Branch
	Difference float64          `json:"return_difference"`
	Interval   *report.Interval `json:"interval"` // of Difference; see [report.Paired]
	USD        *pitwall.Dec     `json:"cost_difference_usd"`
	Moves      []Move           `json:"moves"`
	Verdict    string           `json:"verdict"` // whether it earned its money

	remembers bool // the part is the memory, whose notes make another digest
	same      bool // every run has the digest of the one with the part or, of the memory, its orders
}

// variant is a desk without a part.
type variant struct {
	name, part string
	lacks      string // why the desk has no such part; empty = it has it
	change     func(s *Strategy, d *Desk, sample int)
}

// variants lists how a desk is taken apart.
func variants(s *Strategy) []variant {
	d := s.Desk
	argues := ""
	if d.Debate == nil {
		argues = "the desk has no debate"
	}
	rounds := argues
	if d.Debate != nil && d.Debate.Compact {
		rounds = "the debate is compact already"
	}
	risk := ""
	if d.Risk == nil {
		risk = "the desk has no risk role"
	}
	memory := ""
	if s.Memory == nil {
		memory = "the desk has no memory"
	}
	if seats, err := s.seats(); err == nil { // else Check returned the error
		for i, p := range s.places() {
			own := p.Tools // without what a memory adds
			if own == nil {
				own = seats[i].file.Tools
			}
			if p.name != "critic" && slices.Contains(own, "memory_search") {
				memory = "role " + p.name + " has memory_search among its tools"
			}
		}
	}
	return []variant{
		{"without debate", "the debate", argues, func(_ *Strategy, d *Desk, _ int) { d.Debate = nil }},
		{"without risk role", "the risk role", risk, func(_ *Strategy, d *Desk, _ int) { d.Risk = nil }},
		{"without memory", memoryPart, memory, func(s *Strategy, d *Desk, _ int) { s.Memory, d.Critic = nil, nil }},
		{"compact debate", "arguing in rounds", rounds, func(_ *Strategy, d *Desk, _ int) {
			judge := d.Debate.Judge
			judge.Role = "" // it answers as a judge of an argument in rounds
			d.Debate = &Debate{Compact: true, Judge: judge}
		}},
		{"coin-flip judge", "the judge", rounds, func(_ *Strategy, d *Desk, sample int) {
			x := *d.Debate
			x.Judge = Seat{Model: ModelChoice{Name: coinJudge}, Params: map[string]any{"seed": sample + 1}}
			d.Debate = &x
		}},
	}
}

// AblationPlan says in a sentence how many runs [Ablate] makes, and about what they cost where
// one of the runs in a folder is of the same strategy and its cost is known. Vetoes ask no
// model.
func (s *Strategy) AblationPlan(samples int, past fs.FS) string {
	runsOf := samples
	for _, v := range variants(s) {
		if v.lacks == "" {
			runsOf += samples
		}
	}
	text := fmt.Sprintf("run %s and %d variants of it, %d runs in all", s.Name, runsOf/samples-1, runsOf)
	list, err := runs.List(past)
	i := slices.IndexFunc(list, func(x runs.Listed) bool {
		return x.Status == "complete" && x.Damaged == "" && x.Name == s.Name && x.CostUSD != nil
	})
	if err != nil || i < 0 {
		return text + "; pitwall backtest says what one run costs"
	}
	x := list[i]
	return text + fmt.Sprintf(", for about %.2f USD: %s of %s to %s cost %v USD", float64(runsOf)*x.CostUSD.Float(), x.Run, x.From, x.To, x.CostUSD)
}

// memoryPart names what is taken out of a desk without memory.
const memoryPart = "the memory"

// coinJudge is the model of a judge that tosses a coin.
const coinJudge = "script/coin"

// Ablate runs a desk as it is and without each of its parts, and compares them.
func Ablate(ctx context.Context, c AblateConfig) (*Ablation, error) {
	s := c.Run.Strategy
	if s == nil || s.Desk == nil {
		return nil, pitwall.Errorf(pitwall.StrategyError, "there is no desk to take apart").Hintf("ablate is for strategies with desk:, such as examples/desk; pitwall report A B compares any two runs")
	}
	if c.Run.Dir == "" || c.Agents == nil {
		return nil, errors.New("driver: Ablate needs Run.Dir and Agents")
	}
	for _, v := range variants(s) { // before the first of them costs money
		if v.lacks == "" {
			x, err := c.changed(v.change, 0)
			if err == nil {
				_, err = c.Agents(x)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", v.name, err)
			}
		}
	}
	a := &Ablation{Strategy: s.Name, Samples: max(1, c.Samples), Horizon: moveHorizon, Parts: []Part{}, LeftOut: []string{}, Vetoes: []Veto{}}
	var err error
	if a.Base, err = c.branch(ctx, "as it is", "base", nil); err != nil {
		return nil, err
	}
	for i, v := range variants(s) {
		if v.lacks != "" {
			a.LeftOut = append(a.LeftOut, v.name+": "+v.lacks)
			continue
		}
		p := Part{remembers: s.Memory != nil && v.part == memoryPart}
		if p.Branch, err = c.branch(ctx, v.name, fmt.Sprintf("variant-%d", i+1), v.change); err != nil {
			return nil, err
		}
		if err := p.compare(a.Base, v.part, s.Cash); err != nil {
			return nil, err
		}
		a.Parts = append(a.Parts, p)
	}
	a.Vetoes, err = c.vetoes(ctx, a.Base.runs[0])
	return a, err
}

// changed returns the strategy of a sample of a variant, checked.
func (c AblateConfig) changed(change func(*Strategy, *Desk, int), sample int) (*Strategy, error) {
	s := new(*c.Run.Strategy)
	s.Desk, s.Params = new(*s.Desk), maps.Clone(s.Params)
	if change != nil {
		change(s, s.Desk, sample)
	}
	return s, s.Check()
}

// branch runs a variant.
func (c AblateConfig) branch(ctx context.Context, name, dir string, change func(*Strategy, *Desk, int)) (b Branch, err error) {
	b = Branch{Name: name, USD: new(pitwall.Dec)}
	for i := range max(1, c.Samples) {
		s, err := c.changed(change, i)
		if err != nil {
			return b, fmt.Errorf("%s: %w", name, err)
		}
		d := s.Desk
		if i > 0 && s.Deterministic() && (d.Debate == nil || d.Debate.Judge.Model.Name != coinJudge) {
			break // each sample would be the same
		}
		if c.Told != nil {
			c.Told(fmt.Sprintf("%s, sample %d", name, i+1))
		}
		r := c.Run
		r.Strategy, r.Sample, r.Dir = s, c.Run.Sample+i, filepath.Join(c.Run.Dir, fmt.Sprintf("%s-%d", dir, i+1))
		if r.Agents, err = c.Agents(s); err != nil {
			return b, fmt.Errorf("%s: %w", name, err)
		}
		out, err := Run(ctx, r)
		if err == nil && !out.Complete && !out.Requested {
			err = context.Canceled
		}
		if err != nil {
			return b, fmt.Errorf("%s: %w", name, err)
		}
		b.runs = append(b.runs, out)
		for _, usd := range []*pitwall.Dec{out.CostUSD, out.CostUSDRecorded} {
			if b.USD, err = addKnown(b.USD, usd); err != nil {
				return b, err
			}
		}
	}
	for _, r := range b.runs {
		b.Return += r.TotalReturn / float64(len(b.runs))
		b.Orders += float64(r.Orders) / float64(len(b.runs))
	}
	return b, nil
}

// sample returns the run of a sample: a script has one for all.
func (b *Branch) sample(i int) *Result { return b.runs[min(i, len(b.runs)-1)] }

// compare fills in what the part was worth.
func (p *Part) compare(base Branch, part string, cash *pitwall.Dec) error {
	var pairs []report.Pair
	moves := map[Direction][]float64{}
	p.same = true
	for i := range max(len(base.runs), len(p.runs)) {
		with, without := base.sample(i), p.sample(i)
		p.same = p.same && (with.Digest == without.Digest || p.remembers && sameOrders(with, without))
		pair := report.Pair{}
		for _, x := range []struct {
			r    *Result
			into *[]float64
		}{{with, &pair.With}, {without, &pair.Without}} {
			sheet, err := x.r.Report.Sheet()
			if err != nil {
				return err
			}
			*x.into = sheet.DailyReturns(x.r.Manifest.Cash.Float())
		}
		pairs = append(pairs, pair)
		if err := movesOf(moves, with, without); err != nil {
			return err
		}
	}
	p.Difference, p.Interval = report.Paired(pairs)
	p.Moves = movesBeside(moves)
	perRun := func(b *Branch) *float64 {
		if b.USD == nil {
			return nil
		}
		usd := b.USD.Float() / float64(len(b.runs))
		return &usd
	}
	was, is := perRun(&base), perRun(&p.Branch)
	if was != nil && is != nil {
		usd, err := pitwall.ParseDec(fmt.Sprintf("%.8f", *was-*is))
		if err != nil {
			return err
		}
		p.USD = &usd
	}
	p.Verdict = p.verdict(part, cmp.Or(cash, new(defaultCash)).Float())
	return nil
}

// verdict says in a sentence whether the part earned its money.
func (p *Part) verdict(part string, cash float64) string {
	price, cost := "at a cost that is not known", 0.0
	if p.USD != nil {
		cost = p.USD.Float()
		price = fmt.Sprintf("for %.4f USD a run", cost)
		if cost <= 0 {
			price = fmt.Sprintf("and costs nothing more (%.4f USD a run)", cost)
		}
	}
	moved := 0
	for _, m := range p.Moves {
		moved += m.Count
	}
	did := fmt.Sprintf("moved %d orders", moved)
	if moved == 0 {
		did = fmt.Sprintf("moved no order by %v %% of equity or more, changed what happened all the same,", 100*sameShare)
	}
	gain := fmt.Sprintf("%+.2f %% of return", 100*p.Difference)
	switch {
	case p.same:
		return fmt.Sprintf("%s changed no order, %s: it earned nothing.", part, price)
	case p.Interval == nil:
		return fmt.Sprintf("%s %s and brought %s %s: too few days, or runs of unlike length, to say whether it earned its money.", part, did, gain, price)
	}
	between := fmt.Sprintf(" (90 %% between %+.2f %% and %+.2f %%)", 100*p.Interval.Low, 100*p.Interval.High)
	switch {
	case p.USD == nil && p.Interval.Low > 0:
		return fmt.Sprintf("%s %s and brought %s%s %s.", part, did, gain, between, price)
	case p.Interval.Low*cash > cost:
		return fmt.Sprintf("%s earned its money: it %s and brought %s%s %s.", part, did, gain, between, price)
	case p.Interval.High*cash < cost:
		return fmt.Sprintf("%s did not earn its money: it %s and brought %s%s %s.", part, did, gain, between, price)
	}
	return fmt.Sprintf("%s is not shown to have earned its money: it %s and brought %s%s %s.", part, did, gain, between, price)
}

// sameOrders reports whether two runs sent the same orders at the same times.
func sameOrders(a, b *Result) bool {
	sent := func(r *Result) (list []pitwall.Entry) {
		for _, e := range r.open().Journal() {
			if e.Kind == pitwall.EntryIntent && e.Order != nil {
				list = append(list, e)
			}
		}
		return list
	}
	return slices.EqualFunc(sent(a), sent(b), func(a, b pitwall.Entry) bool {
		x, y := *a.Order, *b.Order
		x.ID, x.Group = y.ID, y.Group // numbered by the journal, which notes are in
		return a.AsOf.Equal(b.AsOf) && x.SameAs(y)
	})
}

// open reads the folder of a run of this ablation.
func (r *Result) open() *runs.Run { return runs.Open(os.DirFS(r.Out)) }
