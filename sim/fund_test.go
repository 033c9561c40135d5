package sim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"pgregory.net/rapid"

	"pitwall"
	"pitwall/brokers/fund"
	"pitwall/brokers/risk"
	"pitwall/sim"
	"pitwall/sim/audit"
)

// drawFund is a random world whose trader is several pods, each in a book of its own.
func drawFund(t *rapid.T) (*world, []string) {
	w := drawWorld(t, everything)
	books := []string{pitwall.MainBook}
	for i := range rapid.IntRange(1, 4).Draw(t, "pods") {
		name := fmt.Sprintf("p%d", i)
		books = append(books, name)
		cash := rapid.SampledFrom([]int64{3_000, 20_000, 200_000}).Draw(t, "pod's cash")
		w.cfg.Books = append(w.cfg.Books, sim.Book{Name: name, Cash: pitwall.Int(cash), Terms: w.cfg.Terms})
	}
	if rapid.Bool().Draw(t, "all in pods") {
		w.cfg.Cash = 0
	}
	for i := range w.moves {
		if w.moves[i].order.ID != "" {
			w.moves[i].order.Book = rapid.SampledFrom(books[1:]).Draw(t, "book")
		}
	}
	return w, books
}

// The books of a fund add up to it at every bar, with transfers between them, and the
// second implementation finds the same. The campaign: -rapid.checks=100000.
func TestPropertyFundIsItsBooks(t *testing.T) {
	transfers, fills := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w, books := drawFund(t)
		begin := w.cfg.Cash
		for _, b := range w.cfg.Books {
			begin += b.Cash
		}
		cfg, j, ctx := w.cfg, &pitwall.MemoryJournal{}, context.Background()
		cfg.Journal = j
		v, err := sim.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		sum := fund.NewSum(v, v, books, begin)
		g := risk.New(sum, j, v, nil, nil, risk.NoLimits())
		for step := 1; ; step++ {
			if _, err := v.Next(ctx, v.Now()); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			whole, err := sum.Account(ctx, "")
			if err != nil {
				t.Fatal(err)
			}
			worth := whole.Cash + whole.Receivable
			for _, p := range whole.Positions {
				worth += p.Value
			}
			if worth != whole.Equity || whole.Start != begin {
				t.Fatalf("the fund has equity %v, its cash and positions %v; it began with %v and says %v", whole.Equity, worth, begin, whole.Start)
			}
			for _, m := range w.moves {
				switch {
				case m.step != step:
				case m.cancel != "":
					_, _ = g.Cancel(ctx, m.cancel)
				case m.id != "":
					_, _ = g.Replace(ctx, m.id, m.change)
				default:
					if _, err := g.Submit(ctx, m.order); err != nil {
						t.Fatal(err)
					}
				}
			}
			if rapid.IntRange(0, 2).Draw(t, "transfer") == 0 {
				from, to := rapid.SampledFrom(books).Draw(t, "from"), rapid.SampledFrom(books).Draw(t, "to")
				spare, err := v.Spare(from)
				if err != nil {
					t.Fatal(err)
				}
				amount := spare / pitwall.Dec(rapid.IntRange(1, 3).Draw(t, "part"))
				if err := v.Transfer(ctx, from, to, amount); (err == nil) != (from != to && amount > 0) {
					t.Fatalf("a transfer of %v of %v from %s to %s: %v", amount, spare, from, to, err)
				} else if err == nil {
					transfers++
				}
				if spare, _ = v.Spare(from); v.Transfer(ctx, from, "main", spare+1) == nil {
					t.Fatalf("%s gave more than it can", from)
				}
			}
		}
		entries := j.Entries()
		found, err := audit.Verify(audit.Run{Data: w, Symbols: w.cfg.Symbols, From: w.cfg.From, Terms: w.cfg.Terms, Costs: w.cfg.Costs, Rules: w.cfg.Rules, Journal: entries})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Differences) > 0 {
			t.Fatalf("they differ: %v", found.Differences)
		}
		if again, err := sim.Repeat(w.cfg, entries); err != nil || again != v.Progress().Digest {
			t.Fatalf("the journal's orders give digest %s, the run %s (%v)", again, v.Progress().Digest, err)
		}
		fills += found.Fills
	})
	t.Logf("%d fills, %d transfers", fills, transfers)
	if fills == 0 || transfers == 0 {
		t.Fatal("nothing happened")
	}
}
