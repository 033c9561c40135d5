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

// Verify recomputes a run from its folder alone: every fill, fee, cash flow and
// equity point with the second implementation, the figures, and the digest by
// sending the same orders again. It returns the run's status, and what differs.
func Verify(folder fs.FS) (v audit.Result, status string, err error) {
	strict := runs.Strict{FS: folder}
	m, err := strict.Manifest()
	if errors.Is(err, fs.ErrNotExist) {
		return v, "", pitwall.Errorf(pitwall.InvalidInput, "not a run's folder: it has no manifest.json").Hintf("pitwall backtest leaves one in runs/")
	}
	if err != nil {
		return v, "", err
	}
	if len(m.Traded) == 0 {
		return v, m.Status, pitwall.Errorf(pitwall.InvalidInput, "no bars to verify: another version made this run, or it is %s", m.Status)
	}
	data, err := strict.Data(m)
	if err != nil {
		return v, m.Status, err
	}
	journal, err1 := strict.Journal()
	fills, err2 := strict.Rows(runs.FillsFile)
	equity, err3 := strict.Rows(runs.EquityFile)
	if err := errors.Join(err1, err2, err3); err != nil {
		return v, m.Status, err
	}
	zone := data.Series()[0].Instrument.Location()
	from, err1 := time.ParseInLocation(time.DateOnly, m.From, zone)
	to, err2 := time.ParseInLocation(time.DateOnly, m.To, zone)
	if err1 != nil || err2 != nil {
		return v, m.Status, fmt.Errorf("manifest.json: from %q, to %q", m.From, m.To)
	}
	run := audit.Run{Data: data, Symbols: m.Symbols, From: from, To: midnight(to, 1), Terms: m.Account, Costs: m.Costs, Rules: m.Fills, Journal: journal}
	if v, err = audit.Verify(run); err != nil {
		return v, m.Status, err
	}
	differs := func(list ...string) { v.Differences = append(v.Differences, list...) }
	differs(audit.CheckFiles(run, m.Cash, fills, equity)...)
	figure, err := report.CheckMetrics(folder, m.Cash)
	if err != nil {
		return v, m.Status, err
	}
	if figure != "" {
		differs(figure)
	}
	again, err := sim.Repeat(sim.Config{Source: data, Symbols: m.Symbols, From: from, To: run.To, Cash: m.Cash, Terms: m.Account, Costs: m.Costs, Rules: m.Fills}, journal)
	switch {
	case err != nil:
		differs(fmt.Sprintf("replaying the journal's orders: %v", err))
	case m.Status == "complete" && again != m.Digest:
		differs(fmt.Sprintf("the manifest says digest %s; the same orders on the same bars give %s", m.Digest, again))
	}
	if m.Status == "complete" {
		differs(audit.CheckEnd(run, m.Digest)...)
	}
	return v, m.Status, nil
}
