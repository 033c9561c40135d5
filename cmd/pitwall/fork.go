package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"pitwall/server"
)

// forkFlags say at which turn a run parts and what is different there.
type forkFlags struct {
	backtestFlags
	driver.Fork
	strategyFile, promptFile, answer, order string
	yes                                     bool
}

func (a *app) fork() *cobra.Command {
	var f forkFlags
	c := &cobra.Command{
		Use:   "fork RUN --turn N",
		Short: "Run a backtest again from a turn on, with one change",
		Long: "fork keeps the turns before N of a backtest as they were recorded: what they ordered is ordered again, every state and answer\n" +
			"must be the recorded one, and no model is asked. From turn N on the strategy decides. One thing may be different there: the prompt\n" +
			"(of a desk also that of one role: then every reply whose conversation is the parent's stands, and the others are counted by role),\n" +
			"no order (--answer hold), a call that gets no answer, or a price (the newest close at N and every price after it). The fork is a\n" +
			"run of its own, which names its parent; the comparison of both is printed and written as pitwall report PARENT FORK does.\n" +
			"--evidence ORDER decides the turn of an order again, once for each answer that it had, without that answer, and lists which of\n" +
			"them changed side or size; it asks before it spends, or needs --yes.",
		Example: "  pitwall fork last --turn 12 --prompt calmer.txt\n  pitwall fork last --turn 12 --answer hold\n  pitwall fork last --turn 12 --without news_search\n" +
			"  pitwall fork last --turn 12 --price AAPL=-3%\n  pitwall fork last --evidence ord-7 --yes",
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			server.TuneGC()
			return a.forkRun(c.Context(), args[0], f)
		},
	}
	fs := c.Flags()
	fs.IntVar(&f.Turn, "turn", 0, "the first turn that is decided anew")
	fs.StringVar(&f.promptFile, "prompt", "", "file with the prompt from that turn on, in place of agent.prompt; a role file (front matter, prompt) is in place of that role's")
	fs.StringVar(&f.answer, "answer", "", "hold: that turn orders nothing, and no model is asked")
	fs.StringVar(&f.Without, "without", "", "call of that turn that gets no answer: its tool, role/tool, or its number")
	fs.StringVar(&f.Price, "price", "", "SYMBOL=PERCENT: the newest close at that turn and every price after it, such as AAPL=-3%")
	fs.StringVar(&f.order, "evidence", "", "order whose turn is decided again without each of its answers")
	fs.BoolVar(&f.yes, "yes", false, "with --evidence: do not ask")
	fs.StringVar(&f.strategyFile, "strategy", "", "the run's strategy (default: the file that its manifest names)")
	fs.StringVar(&f.model, "model", "", "the model from that turn on (needed where the run was started with --model)")
	fs.StringArrayVar(&f.data, "data", nil, "the run's data, where it was started with --data (repeatable)")
	fs.StringVar(&f.out, "out", "", "the fork's folder (default runs/<name>-<n>)")
	fs.BoolVar(&f.json, "json", false, "print one JSON object on stdout")
	fs.IntVar(&f.sample, "sample", 0, "number of a repeated fork: each has recorded answers of its own")
	return c
}

// forkRun runs the fork and prints both branches.
func (a *app) forkRun(ctx context.Context, name string, f forkFlags) (err error) {
	dir, err := runs.Find(name)
	if err != nil {
		return err
	}
	f.Parent, f.Hold = os.DirFS(dir), f.answer == "hold"
	symbol := ""
	switch {
	case f.answer != "" && !f.Hold:
		return &usageError{pitwall.Errorf(pitwall.InvalidInput, "--answer is %q", term.OneLine(f.answer)).Hintf("use --answer hold")}
	case f.order != "" && (f.Turn != 0 || f.answer+f.promptFile+f.Without+f.Price != ""):
		return &usageError{fmt.Errorf("--evidence goes with --yes, --strategy, --model, --data, --sample and --json")}
	case f.order != "":
		symbol, err = f.AtOrder(f.order)
	case f.Turn < 1:
		return &usageError{fmt.Errorf("--turn is missing: the first turn that is decided anew, from 1")}
	case f.promptFile != "":
		var raw []byte
		raw, err = os.ReadFile(f.promptFile)
		f.Prompt = string(raw)
	}
	if err != nil {
		return err
	}
	if f.strategyFile == "" {
		f.strategyFile = runs.Open(f.Parent).Manifest.Strategy
	}
	s, err := f.strategy(f.strategyFile)
	if err != nil {
		return fmt.Errorf("the run's strategy: %w", err)
	}
	if err := f.Prepare(s.Strategy); err != nil {
		return err
	}
	f.fork = &f.Fork
	if f.order != "" {
		return a.evidence(ctx, s, f, symbol)
	}
	turns, usd, err := f.Ahead()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "turns before %d stand as recorded; from there on the parent had %s%s\n", f.Turn, term.Plural(turns, "turn"), show.CostOf(", which cost ", usd))
	return a.runAndPrint(ctx, s, f.backtestFlags, func(r *driver.Result) error {
		fmt.Fprint(a.stderr, show.AskedByRole(r.Desk))
		var both []pastReport
		for _, d := range []string{dir, r.Out} {
			x, err := readReport(d, "")
			if err != nil {
				return err
			}
			both = append(both, x)
		}
		return a.reportMany(both, reportFlags{json: f.json})
	})
}

// evidence prints what an order rested on.
func (a *app) evidence(ctx context.Context, s *strategyFile, f forkFlags, symbol string) (err error) {
	answers, err := f.Answers()
	if err != nil {
		return err
	}
	what := fmt.Sprintf("decide turn %d %s more, each without one answer%s", f.Turn, term.Plural(len(answers), "time"), show.CostOf("; once it cost ", f.TurnCost()))
	if ok, err := a.consent(f.yes || s.Deterministic(), "the same command with", what); err != nil || !ok {
		return err
	}
	if f.out, err = os.MkdirTemp("", "pitwall-evidence-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(f.out)) }()
	return a.withConfig(ctx, s, f.backtestFlags, func(c driver.Config) error {
		e, err := driver.FindEvidence(ctx, c, f.order, symbol)
		return a.answer(f.json, e, func(p *term.Pen) { show.Evidence(p, e) }, err)
	})
}
