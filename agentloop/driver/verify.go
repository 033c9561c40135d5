package driver

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"pitwall"
	"pitwall/cache/runs"
	"pitwall/sim"
	"pitwall/sim/audit"
	"pitwall/tools/report"
)

// Verified is what [Verify] found. Differences are empty when the run follows from
// its journal and its bars, and its files are as they were written.
type Verified struct {
	audit.Result
	Status string // of the run
	Broker string // whose fills they are; empty = simulated, so all is recomputed
	Sums   runs.Sums
}

// Verify recomputes a run from its folder alone: every fill, fee, cash flow and
// equity point with the second implementation, the figures, and the digest by
// sending the same orders again. With an error, Differences are those of the files.
func Verify(folder fs.FS) (v Verified, err error) {
	v.Differences = []string{} // JSON shows a list
	strict := runs.Strict{FS: folder}
	m, err := strict.Manifest()
	if errors.Is(err, fs.ErrNotExist) {
		return v, pitwall.Errorf(pitwall.InvalidInput, "this is not a run's folder: it has no manifest.json").Hintf("pitwall backtest leaves one in runs/")
	}
	if err != nil {
		return v, err
	}
	v.Status = m.Status
	if v.Sums, err = strict.Sums(m); err != nil {
		return v, err
	}
	differs := func(list ...string) { v.Differences = append(v.Differences, list...) }
	differs(v.Sums.Differences...)
	if m.Broker != nil {
		return v, v.booked(folder, m)
	}
	if len(m.Traded) == 0 {
		return v, pitwall.Errorf(pitwall.InvalidInput, "no bars to verify: another version made this run, or it did not end in order (it is %s)", m.Status)
	}
	run, err := auditRun(strict, m)
	if err != nil {
		return v, err
	}
	fills, err1 := strict.Rows(runs.FillsFile)
	equity, err2 := strict.Rows(runs.EquityFile)
	if err := errors.Join(err1, err2); err != nil {
		return v, err
	}
	computed, err := audit.Verify(run)
	if err != nil {
		return v, err
	}
	computed.Differences = append(v.Differences, computed.Differences...)
	v.Result = computed
	differs(audit.CheckFiles(run, m.Cash, fills, equity)...)
	if len(m.Pods) > 0 {
		books, err := strict.Rows(runs.BooksFile)
		if err != nil {
			return v, err
		}
		if d := audit.CheckBooks(run, books); d != "" {
			differs(d)
		}
	}
	figure, err := report.CheckMetrics(folder, m)
	if err != nil {
		return v, err
	}
	if figure != "" {
		differs(figure)
	}
	again, err := sim.Repeat(sim.Config{Source: run.Data, Symbols: m.Symbols, From: run.From, To: run.To, Cash: m.Cash, Terms: m.Account, Costs: m.Costs, Rules: m.Fills}, run.Journal)
	switch {
	case err != nil:
		differs(fmt.Sprintf("replaying the journal's orders: %v", err))
	case m.Status == "complete" && again != m.Digest:
		differs(fmt.Sprintf("the manifest says digest %s; the same orders on the same bars give %s", m.Digest, again))
	}
	if m.Status == "complete" {
		differs(audit.CheckEnd(run, m.Digest)...)
	}
	return v, nil
}

// booked checks a run at a broker: its files and figures follow from its journal. Its
// fills are the broker's, so they are not recomputed.
func (v *Verified) booked(folder fs.FS, m runs.Manifest) error {
	strict := runs.Strict{FS: folder}
	journal, err1 := strict.Journal()
	fills, err2 := strict.Rows(runs.FillsFile)
	equity, err3 := strict.Rows(runs.EquityFile)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	orders := runs.OrdersOf(journal)
	v.Broker, v.Orders, v.Fills, v.Flows, v.Points = m.Broker.Name, len(orders.List), len(orders.Fills), len(orders.Flows), len(equity)
	v.Differences = append(v.Differences, audit.CheckFiles(audit.Run{Journal: journal}, m.Cash, fills, equity)...)
	figure, err := report.CheckMetrics(folder, m)
	if figure != "" {
		v.Differences = append(v.Differences, figure)
	}
	return err
}

// auditRun reads what the second implementation needs of a run.
func auditRun(folder runs.Strict, m runs.Manifest) (run audit.Run, err error) {
	data, err := folder.Data(m)
	if err != nil {
		return run, err
	}
	journal, err := folder.Journal()
	if err != nil {
		return run, err
	}
	zone := data.Series()[0].Instrument.Location()
	from, err1 := time.ParseInLocation(time.DateOnly, m.From, zone)
	to, err2 := time.ParseInLocation(time.DateOnly, m.To, zone)
	if err1 != nil || err2 != nil {
		return run, fmt.Errorf("manifest.json: from %q, to %q", m.From, m.To)
	}
	return audit.Run{Data: data, Symbols: m.Symbols, From: from, To: midnight(to, 1), Terms: m.Account, Costs: m.Costs, Rules: m.Fills, Journal: journal}, nil
}
